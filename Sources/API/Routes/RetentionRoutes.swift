import HTTPTypes
import Hummingbird
import Results
import Sessions

/// `/v1/retention`: what is kept for how long, and what was removed.
struct RetentionRoutes {
    let keeper: Keeper
    let clock: ServiceClock

    var routes: [Route] {
        [.get("/v1/retention", .admin, state), .post("/v1/retention/runs", .admin, run)]
    }

    @Sendable private func state(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return .json(await view())
    }

    /// A dry run is answered with what it found; a real one has begun, and the state tells how far it is.
    @Sendable private func run(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        if let type = request.mediaType, type != "application/json" {
            throw Problem.unsupportedType(type, ["application/json"])
        }
        let body = try await JSONMembers(
            request.bytes(upTo: 64 << 10), what: "body", allowed: ["dry_run", "confirm_clock"])
        let confirms = try body.bool("confirm_clock") ?? false
        if try body.bool("dry_run") ?? false {
            guard !confirms else {
                throw Problem.invalid("confirm_clock", "A dry run removes nothing: there is nothing to confirm.")
            }
            return .json(RetentionView.Report(report: try await keeper.retention.dryRun()))
        }
        if !confirms, let ahead = try await keeper.retention.clockAhead() { throw Problem.clockAhead(ahead) }
        guard await keeper.retention.begin() else {
            throw Problem(
                status: .conflict, slug: "retention-running", title: "A run is under way",
                detail: "GET /v1/retention tells how far it is.", retryAfter: 5)
        }
        try await keeper.store.append(
            context.act("retention-run", confirms ? "clock confirmed" : nil, at: clock.now()))
        // Whoever asked may hang up: the run is not theirs.
        Task { await keeper.proceed(confirmingClock: confirms) }
        return .json(await view(), status: .accepted)
    }

    private func view() async -> RetentionView {
        let retention = keeper.retention
        return RetentionView(
            policy: retention.policy, disk: keeper.store.diskSpace, room: keeper.store.room,
            running: await retention.running, lastRun: await retention.lastRun)
    }
}

extension Problem {
    static func clockAhead(_ seconds: Double) -> Problem {
        Problem(
            status: .conflict, slug: "clock-ahead", title: "The clock cannot be believed",
            detail: """
                The server's clock is \(Int(seconds)) s further ahead than can be explained, and by it much would be past. \
                Put it right; or, if it is right, run with "confirm_clock": true.
                """, field: "confirm_clock", extra: ["ahead_s": .int(Int(seconds))])
    }
}
