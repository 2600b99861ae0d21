import Hummingbird
import NIOCore
import Sessions

/// Takes one stream's frames from its connection to its session.
///
/// Two are in the session at once, one running and one looked at ahead; one more waits, and is always the newest. So
/// what is answered is at most three frames old, however fast the source is.
struct FramePump: Sendable {
    let registry: SessionRegistry
    let session: VideoSession
    /// Every frame is run, and the source is held up instead.
    let waits: Bool
    let lines: AnswerLines
    let limit: Int

    private static let depth = 2

    /// Ends when the body does, breaks off or makes no sense, or when the session takes no more; says so in `lines`.
    func run(_ body: RequestBody, _ splitter: FrameSplitter) async {
        let (frames, inbox) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(1))
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await read(body, splitter, into: inbox, tally) }
            await feed(frames, tally, stop: { inbox.finish() })
            // Where the session takes no more, nothing more is read.
            group.cancelAll()
        }
        let sum = tally.sum
        lines.end(frames: sum.stored, dropped: sum.dropped, failed: sum.failed)
    }

    private func read(
        _ body: RequestBody, _ splitter: FrameSplitter, into inbox: AsyncStream<[UInt8]>.Continuation, _ tally: Tally
    ) async {
        defer { inbox.finish() }
        var splitter = splitter
        do {
            for try await buffer in body {
                for image in try splitter.append(buffer) {
                    if waits { await tally.room() }
                    tally.add { $0.pending += 1 }
                    switch inbox.yield(image) {
                    case .dropped:
                        tally.add {
                            $0.pending -= 1
                            $0.dropped += 1
                            $0.untold += 1
                        }
                        await session.dropped()
                    case .terminated: return
                    default: break
                    }
                }
            }
        } catch FrameSplitter.Fault.tooLarge {
            lines.problem(.tooLarge(limit))
        } catch FrameSplitter.Fault.malformed(let reason) {
            lines.problem(.invalid("body", reason))
        } catch {
            // The connection broke off, perhaps within a frame: what was whole is run.
        }
    }

    /// `stop` ends `frames`.
    private func feed(_ frames: AsyncStream<[UInt8]>, _ tally: Tally, stop: @escaping @Sendable () -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            var newest = frames.makeAsyncIterator()
            while true {
                // Room first: a frame that is taken already can give way to none.
                if running == Self.depth {
                    await group.next()
                    running -= 1
                }
                guard let image = await newest.next() else { break }
                // In line before the next one is: their order is the stream's.
                let (queued, isQueued) = AsyncStream.makeStream(of: Never.self)
                group.addTask {
                    defer { isQueued.finish() }
                    if await !submit(image, tally, queued: { isQueued.finish() }) { stop() }
                }
                running += 1
                for await _ in queued {}
            }
        }
    }

    /// False: the session takes no more.
    private func submit(_ image: [UInt8], _ tally: Tally, queued: @escaping @Sendable () -> Void) async -> Bool {
        defer { tally.add { $0.pending -= 1 } }
        do {
            let upload = FrameUpload(sequence: nil, image: image)
            let answer = try await registry.submit(upload, to: session.id, queued: queued)
            let untold = tally.takeUntold()
            if untold > 0 { lines.drop(untold) }
            tally.add { $0.stored += 1 }
            lines.frame(answer)
            return true
        } catch {
            tally.add { $0.failed += 1 }
            let fault = error as? SessionFault
            lines.problem(fault.map(Problem.init) ?? .internalError)
            switch fault {
            case .ended, .idle, .noSession, .draining: return false
            default: return true
            }
        }
    }
}
