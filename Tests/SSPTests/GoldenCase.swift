import Foundation
import Imaging
import Inference
import SSP
import Testing

/// One case of the golden vectors: a bundle, its frames, and what SSP must make of them.
///
/// They come from an independent PyTorch implementation of the paper's method.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let name: String

    static let all = [GoldenCase(name: "uavid-like"), GoldenCase(name: "ruralscapes-like")]

    var testDescription: String { name }

    var directory: URL {
        Bundle.module.resourceURL!.appendingPathComponent("Golden").appendingPathComponent(name)
    }

    struct Manifest: Decodable {
        let width: Int
        let height: Int
        let classes: Int
        let frames: Int
        /// From frame k to frame k + 1.
        let homographies: [[Double]]

        private enum CodingKeys: String, CodingKey {
            case width, height, classes, frames
            case homographies = "homographies_previous_to_current"
        }
    }

    func manifest() throws -> Manifest {
        try JSONDecoder().decode(Manifest.self, from: data("manifest.json"))
    }

    func frame(_ k: Int) throws -> Frame {
        try ImageCodec.decode([UInt8](data("frames/\(String(format: "%03d", k)).png")))
    }

    func mask(_ run: String, _ k: Int) throws -> LabelMap {
        try LabelMap.decodePNG([UInt8](data("\(run)-mask-\(k).png")))
    }

    /// C×H×W floats.
    func floats(_ file: String) throws -> [Float] {
        try data(file).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    private func data(_ file: String) throws -> Data {
        try Data(contentsOf: directory.appendingPathComponent(file))
    }

    /// The same case as a bundle with another similarity: a copy in a temporary folder.
    func bundle(cosine: Bool) throws -> ModelBundle {
        guard cosine else { return try ModelBundle.load(directory) }
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("golden-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: directory, to: copy)
        let file = copy.appendingPathComponent("model.json")
        var json = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        json["propagation"] = ["method": "ssp", "similarity": ["kind": "cosine"], "upsampling": "bicubic"]
        try JSONSerialization.data(withJSONObject: json).write(to: file)
        return try ModelBundle.load(copy)
    }
}

/// Everything a run of a golden case gives.
struct GoldenRun {
    let predictions: [Propagator.Prediction]

    init(
        _ golden: GoldenCase, cosine: Bool = false, registered: Bool = true, precision: StatePrecision = .float32
    ) async throws {
        let manifest = try golden.manifest()
        let model = try await OpenVINOEngine().load(golden.bundle(cosine: cosine))
        let propagator = Propagator(model: model)
        var state: TemporalState?
        var predictions: [Propagator.Prediction] = []
        for k in 0..<manifest.frames {
            let frame = try golden.frame(k)
            let output = try await model.segment(propagator.input(of: .rgb(frame)))
            let prediction: Propagator.Prediction
            if let state {
                let values = manifest.homographies[k - 1]
                let motion = try #require(Homography(values))
                let warped = propagator.warp(state, homography: registered ? motion : .identity)
                let alignment = try await propagator.align(#require(output.features), with: warped)
                prediction = propagator.propagate(output, state: state, alignment: alignment)
            } else {
                prediction = propagator.cold(output, precision: precision)
            }
            state = propagator.state(
                after: prediction, output, landmarks: nil, frameWidth: frame.width, frameHeight: frame.height,
                precision: precision)
            predictions.append(prediction)
        }
        self.predictions = predictions
    }
}

/// Fraction of equal pixels.
func agreement(_ a: LabelMap, _ b: LabelMap) -> Double {
    precondition(a.width == b.width && a.height == b.height)
    return Double(zip(a.classes, b.classes).count { $0 == $1 }) / Double(a.classes.count)
}
