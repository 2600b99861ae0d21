import Foundation
import Imaging

/// A folder of frames, with labels for all of them, some, or none.
struct EvaluateFolder {
    let frames: Pictures
    private let labels: Pictures?

    /// Finds frames in the folder or its `frames/`, and labels in its `labels/` unless told where they are.
    ///
    /// - Throws: `Failure` where there are no frames, or labels that belong to none.
    init(_ folder: URL, labels: URL?) throws {
        let inner = folder.appending(path: "frames")
        let hasInner = FileManager.default.fileExists(atPath: inner.path)
        frames = try Pictures(hasInner ? inner : folder, endings: ["jpg", "jpeg", "png"])
        let beside = folder.appending(path: "labels")
        let place = labels ?? (FileManager.default.fileExists(atPath: beside.path) ? beside : nil)
        self.labels = try place.map { try Pictures($0, endings: ["png"]) }
        try self.labels?.check(against: frames)
    }

    /// A frame and where it stands.
    struct Frame {
        let index: Int
        let file: URL
        let encoded: [UInt8]
        let picture: Imaging.Frame

        var name: String { file.lastPathComponent }
    }

    func frame(_ index: Int) throws -> Frame {
        let file = frames.files[index]
        let encoded = [UInt8](try Data(contentsOf: file))
        do {
            return Frame(index: index, file: file, encoded: encoded, picture: try ImageCodec.decode(encoded))
        } catch {
            throw Failure("\(file.path): \(error)")
        }
    }

    /// The labels of a frame; nil if it has none.
    ///
    /// - Throws: `Failure` if they are not of the classes that the mask is of.
    func truth(of frame: Frame, for mask: EvaluateMask) throws -> EvaluateMask? {
        guard let file = labels?.file(of: frame.file) else { return nil }
        let truth = try EvaluateMask(labels: [UInt8](Data(contentsOf: file)), name: file.path)
        guard let names = mask.classNames else { return truth }
        for (index, (own, other)) in zip(truth.classNames ?? [], names).enumerated() where own != other {
            throw Failure("\(file.path): class \(index) is \(own), but \(other) in the mask of \(frame.name)")
        }
        if let value = truth.labels.classes.first(where: { $0 >= names.count && $0 != LabelMap.ignore }) {
            throw Failure(
                "\(file.path): holds class \(value), but the masks have 0 to \(names.count - 1) (255 is ignored)")
        }
        return truth
    }

    /// The pictures in a folder, which is to say names and files.
    struct Pictures {
        let folder: URL
        /// In natural order (2 before 10).
        let files: [URL]
        private let byName: [String: URL]

        init(_ folder: URL, endings: Set<String>) throws {
            guard let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
                throw Failure("\(folder.path): there is no such folder, or it cannot be read")
            }
            files = contents.map { folder.appending(path: $0) }
                .filter { endings.contains($0.pathExtension.lowercased()) }
                .sorted { $0.lastPathComponent.compare($1.lastPathComponent, options: .numeric) == .orderedAscending }
            guard !files.isEmpty else {
                let known = endings.sorted().map { ".\($0)" }.joined(separator: ", ")
                throw Failure("\(folder.path): holds no pictures (\(known))")
            }
            byName = try Dictionary(files.map { (Self.name($0), $0) }) { first, second in
                throw Failure("\(second.path): differs from \(first.lastPathComponent) in its ending alone")
            }
            self.folder = folder
        }

        private static func name(_ file: URL) -> String { file.deletingPathExtension().lastPathComponent }

        /// The picture named like another folder's.
        func file(of other: URL) -> URL? { byName[Self.name(other)] }

        /// Throws if one of these pictures belongs to no frame.
        func check(against frames: Pictures) throws {
            if let stray = files.first(where: { frames.file(of: $0) == nil }) {
                throw Failure("\(stray.path): there is no frame of this name in \(frames.folder.path)")
            }
        }
    }
}
