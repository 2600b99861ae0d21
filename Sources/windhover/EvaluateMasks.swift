import Foundation
import Imaging
import WindhoverClient

/// Where the masks of a folder's frames come from.
protocol EvaluateMasks {
    /// What they are called: one kind of masks, or several to be compared.
    var names: [String] { get }

    /// The masks of a frame, one of each kind and of one size; frames come in order.
    func masks(of frame: EvaluateFolder.Frame) async throws -> [EvaluateMask]
}

/// Masks in a folder, named like their frames.
struct FolderMasks: EvaluateMasks {
    let names = ["masks"]
    private let pictures: EvaluateFolder.Pictures
    private let classNames: [String]?

    /// Throws `Failure` unless each frame has its mask, and each mask its frame.
    init(_ folder: URL, of frames: EvaluateFolder) throws {
        pictures = try EvaluateFolder.Pictures(folder, endings: ["png"])
        try pictures.check(against: frames.frames)
        let files = try frames.frames.files.map { [pictures] in try Self.file(of: $0, in: pictures) }
        classNames = try Self.read(files[0]).classNames
    }

    func masks(of frame: EvaluateFolder.Frame) throws -> [EvaluateMask] {
        let file = try Self.file(of: frame.file, in: pictures)
        let mask = try Self.read(file)
        guard mask.classNames == classNames else {
            throw Failure("\(file.path): is not of the same classes as the first mask of the folder")
        }
        return [mask]
    }

    private static func file(of frame: URL, in pictures: EvaluateFolder.Pictures) throws -> URL {
        guard let file = pictures.file(of: frame) else {
            throw Failure("\(frame.path): has no mask in \(pictures.folder.path)")
        }
        return file
    }

    private static func read(_ file: URL) throws -> EvaluateMask {
        try EvaluateMask(prediction: [UInt8](Data(contentsOf: file)), name: file.path)
    }
}

/// Masks that a server has stored: frame by frame in the order of their numbers.
struct SessionMasks: EvaluateMasks {
    let names = ["session"]
    private let client: WindhoverClient
    private let records: [FrameRecord]

    /// - Throws: `Failure` unless the session has as many frames as the folder; what the client throws.
    init(_ client: WindhoverClient, session: String, of frames: EvaluateFolder) async throws {
        // Whoever mistypes it is told so: a search for its frames would find none.
        _ = try await client.session(session)
        var records: [FrameRecord] = []
        for try await record in client.allFrames(FrameQuery(sessions: [session], limit: 1000)) {
            records.append(record)
        }
        let count = frames.frames.files.count
        guard records.count == count else {
            throw Failure(
                "session \(session) has \(records.count) frames, and \(frames.frames.folder.path) \(count) pictures")
        }
        self.records = records.sorted { $0.sequence < $1.sequence }
        self.client = client
    }

    func masks(of frame: EvaluateFolder.Frame) async throws -> [EvaluateMask] {
        let record = records[frame.index]
        let (width, height) = (frame.picture.width, frame.picture.height)
        guard (record.width, record.height) == (width, height) else {
            throw Failure(
                """
                \(frame.file.path): is \(width)×\(height) pixels, but frame \(record.sequence) of the session \
                \(record.width)×\(record.height)
                """)
        }
        let png = try await client.mask(of: record.id)
        return [
            try EvaluateMask(
                prediction: [UInt8](png), name: "the mask of frame \(record.sequence)", mode: record.mode.rawValue)
        ]
    }
}
