import Foundation
import Imaging
import Testing

/// A golden case: a tiny model as a bundle, frames, and the masks that an independent implementation made of them.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let directory: URL

    static let folder = Program.root.appending(path: "Tests/SSPTests/Golden")

    /// Every case there is.
    static let all: [GoldenCase] = ((try? folder.contents) ?? []).map { folder.appending(path: $0) }
        .filter { FileManager.default.fileExists(atPath: $0.appending(path: "manifest.json").path) }
        .map { GoldenCase(directory: $0) }

    /// The first one, where any will do.
    static var any: GoldenCase {
        get throws {
            guard let first = all.first else { throw TestFailure("no golden case in \(folder.path)") }
            return first
        }
    }

    var testDescription: String { directory.lastPathComponent }

    private struct Manifest: Decodable {
        let frames: Int
        /// Previous frame → this one, from the second frame on.
        let homographies: [[Double]]

        enum CodingKeys: String, CodingKey {
            case frames
            case homographies = "homographies_previous_to_current"
        }
    }

    private struct Model: Decodable {
        let name: String
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: directory.appending(path: file)))
    }

    var model: String {
        get throws { try read(Model.self, "model.json").name }
    }

    var count: Int {
        get throws { try read(Manifest.self, "manifest.json").frames }
    }

    /// The frame as PNG; beyond the last one they begin again.
    func frame(_ k: Int) throws -> Data {
        let name = String(format: "%03d.png", try k % count)
        return try Data(contentsOf: directory.appending(path: "frames/\(name)"))
    }

    /// The query of a frame: its time and, where wanted, the camera's motion since the one before.
    func query(_ k: Int, homography: Bool) throws -> String {
        let time = "?captured_at=2026-06-01T10:00:0\(k)Z"
        guard homography, k > 0 else { return time }
        let numbers = try read(Manifest.self, "manifest.json").homographies[k - 1]
        return time + "&homography=" + numbers.map { "\($0)" }.joined(separator: ",")
    }

    func mask(_ run: String, _ k: Int) throws -> LabelMap {
        try LabelMap.decodePNG([UInt8](Data(contentsOf: directory.appending(path: "\(run)-mask-\(k).png"))))
    }

    /// A folder with the same bundle, but with features compared by their cosine.
    func copyWithCosine(to folder: URL) throws {
        let copy = folder.appending(path: directory.lastPathComponent)
        try FileManager.default.copyItem(at: directory, to: copy)
        let file = copy.appending(path: "model.json")
        var json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
        json["propagation"] = ["method": "ssp", "similarity": ["kind": "cosine"], "upsampling": "bicubic"]
        try JSONSerialization.data(withJSONObject: json).write(to: file)
    }
}

/// Fraction of equal pixels; 0 where the sizes differ.
func agreement(_ a: LabelMap, _ b: LabelMap) -> Double {
    guard a.width == b.width, a.height == b.height else { return 0 }
    return Double(zip(a.classes, b.classes).count { $0 == $1 }) / Double(a.classes.count)
}

extension LabelMap {
    init(png: Data) throws {
        self = try LabelMap.decodePNG([UInt8](png))
    }
}
