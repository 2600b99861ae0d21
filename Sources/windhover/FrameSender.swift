import ArgumentParser
import Foundation
import Imaging
import WindhoverClient

/// Sends frames of a source to a session, one after the other, and tells how it goes.
struct FrameSender: Sendable {
    /// Opens and ends the session.
    let client: WindhoverClient
    /// Sends the frames.
    let uploader: WindhoverClient
    let options: StreamOptions
    /// Frames a second to send at; nil sends as fast as the server takes them.
    let pace: Double?
    /// Whether masks are compared with what the source knows to be true.
    let scores: Bool

    init(_ server: ClientOptions, options: StreamOptions, pace: Double?, scores: Bool = false) throws {
        client = try server.makeClient()
        uploader = try server.makePatientClient()
        self.options = options
        self.pace = pace
        self.scores = scores
    }

    /// Sends everything, then prints the summary.
    ///
    /// After Ctrl-C it does so for what was sent, and exits with 130.
    func run(_ source: any FrameSource) async throws {
        let session = try await options.open(client)
        if let masks = options.masks {
            try FileManager.default.createDirectory(atPath: masks, withIntermediateDirectories: true)
        }
        let outcome = try await Interrupt.cancelling { await stream(source, to: session) }
        // Not part of the cancelled work: the session is ended even after Ctrl-C.
        if !options.keepOpen { try? await client.endSession(session.id) }
        var lines = outcome.summary.lines(session: session, isOpen: options.keepOpen)
        if let score = outcome.score { lines += [""] + score.lines }
        for line in lines { options.json ? Terminal.say(line) : Terminal.print(line) }
        switch outcome.failure {
        case nil: break
        case is CancellationError: throw ExitCode(130)
        case let failure?: throw failure
        }
    }

    private struct Outcome: Sendable {
        var summary = SendSummary()
        var score: SegmentationScore?
        var failure: (any Error)?
    }

    private func stream(_ source: any FrameSource, to session: Session) async -> Outcome {
        var outcome = Outcome(score: scores ? SegmentationScore() : nil)
        var bar = ProgressBar(total: source.count)
        defer { bar.finish() }
        do {
            let began = ContinuousClock.now
            let first = session.nextSequence ?? 0
            var sent = 0
            var upcoming = try await source.next()
            while let frame = upcoming {
                try Task.checkCancellation()
                // The next frame is read, or drawn, while the server looks at this one.
                async let next = source.next()
                if let pace {
                    try await Task.sleep(until: began.advanced(by: .seconds(Double(sent) / pace)), clock: .continuous)
                }
                try await send(frame, to: session, sequence: first + sent, &outcome)
                sent += 1
                bar.update(done: sent, note: outcome.summary.modeCounts)
                upcoming = try await next
            }
        } catch {
            outcome.failure = Task.isCancelled ? CancellationError() : error
        }
        return outcome
    }

    private func send(
        _ frame: SourceFrame, to session: Session, sequence: Int, _ outcome: inout Outcome
    ) async throws {
        let began = ContinuousClock.now
        let receipt: UploadReceipt
        do {
            receipt = try await uploader.upload(frame.upload, to: session.id, sequence: sequence)
        } catch let problem as Problem where problem.status == 422 {
            throw Failure("\(frame.name): \(problem.description)")
        }
        outcome.summary.add(receipt, latency: began.duration(to: .now))
        if options.json { Terminal.print(try JSONLines.encode(receipt.record)) }

        guard options.masks != nil || (scores && frame.labels != nil) else { return }
        let mask = try await uploader.mask(of: receipt.record.id)
        if let folder = options.masks {
            try mask.write(to: URL(fileURLWithPath: folder).appending(path: frame.maskName))
        }
        if let labels = frame.labels {
            try outcome.score?.add(LabelMap.decodePNG([UInt8](mask)), named: receipt.record.classes, truth: labels)
        }
    }
}
