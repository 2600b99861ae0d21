import Foundation
import Results

/// Pictures of newest frames, made once for everybody who looks at the same.
actor LivePictures {
    private struct Key: Hashable {
        let frame: String
        let view: PictureMaker.View
    }

    private let maker: PictureMaker
    private let capacity: Int
    /// Those asked for last come last.
    private var made: [(key: Key, picture: Task<[UInt8], any Error>)] = []

    init(maker: PictureMaker, capacity: Int = 32) {
        self.maker = maker
        self.capacity = capacity
    }

    func jpeg(_ view: PictureMaker.View, of frame: FrameRecord) async throws -> [UInt8] {
        let key = Key(frame: frame.id, view: view)
        if let known = made.first(where: { $0.key == key }) { return try await known.picture.value }
        // A task of its own: one viewer's leaving is no reason to leave the others without.
        let picture = Task { [maker] in try await maker.jpeg(view, of: frame) }
        made.append((key, picture))
        if made.count > capacity { made.removeFirst() }
        return try await picture.value
    }
}
