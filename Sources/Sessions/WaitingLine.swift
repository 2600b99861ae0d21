/// Frames of one session that wait for their turn, the oldest first, and what is seen of them already.
struct WaitingLine {
    enum Call {
        /// It is its turn; with what was seen of it, if it was looked at.
        case run(FramePipeline.Look?)
        case dropped
    }

    private struct Place {
        let upload: FrameUpload
        let continuation: CheckedContinuation<Call, Never>
        var look: FramePipeline.Look?
    }

    private var places: [Place] = []

    mutating func append(_ upload: FrameUpload, _ continuation: CheckedContinuation<Call, Never>) {
        places.append(Place(upload: upload, continuation: continuation))
    }

    mutating func runFirst() {
        let place = places.removeFirst()
        place.continuation.resume(returning: .run(place.look))
    }

    /// Sends away the oldest that nobody looked at yet, or the oldest of all.
    mutating func dropOldest() {
        places.remove(at: places.firstIndex { $0.look == nil } ?? 0).continuation.resume(returning: .dropped)
    }

    /// Looks at those of the first `count` that nobody looked at yet; `look` gives nil for what is not worth it.
    mutating func lookAhead(_ count: Int, look: (FrameUpload) -> FramePipeline.Look?) {
        for index in places.indices.prefix(max(0, count)) where places[index].look == nil {
            places[index].look = look(places[index].upload)
        }
    }
}
