import API
import Foundation
import Results
import Synchronization
import Testing

/// What is kept, what is held, and how full the disk is, over HTTP.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RetentionTests {
    private static let day = 86_400.0

    private func send(
        _ method: String, _ path: String, _ json: String, to server: TestServer
    ) async throws -> TestServer.Answer {
        try await server.send(
            method, path, headers: ["Content-Type": "application/json"], body: json.isEmpty ? nil : Array(json.utf8))
    }

    /// Waits for the run that was asked for, and gives what became of it.
    private func lastRun(_ server: TestServer) async throws -> [String: Any] {
        while true {
            let state = try await server.send("GET", "/v1/retention").json
            if state["running"] is NSNull, let run = state["last_run"] as? [String: Any] { return run }
        }
    }

    @Test func `Retention tells its policy and what it removed, and a dry run removes nothing`() async throws {
        let clock = Mutex(MachineClock.Reading(wall: Date(), boot: "a", uptime: .seconds(1000)))
        try await withServer({
            $0.server.retention.general = .init(keepPictures: Self.day, keepRows: 2 * Self.day)
            $0.server.retention.missions["park"] = .init(maxPictures: 1 << 30)
            $0.server.retentionOptions.pause = 0
            $0.server.retentionClock = MachineClock { clock.withLock { $0 } }
        }) { server in
            let old = try await server.session()
            for k in 0..<3 { _ = try await server.put(TestServer.frame(k), k, to: old) }
            let kept = try await server.session(#"{"mission_id": "park"}"#)
            let frame = try await server.put(TestServer.frame(0), 0, to: kept).json
            #expect(frame["pictures"] as? String == "stored")
            _ = try await server.send("DELETE", "/v1/sessions/\(old)")
            // Later than what they tell of: the newest event of all stays, with its session.
            _ = try await server.put(TestServer.frame(1), 1, to: kept)

            let state = try await server.send("GET", "/v1/retention").json
            let policy = try #require(state["policy"] as? [String: Any])
            #expect(policy["keep_pictures_s"] as? Double == Self.day && policy["max_pictures_bytes"] is NSNull)
            let missions = try #require(policy["missions"] as? [String: [String: Any]])
            #expect(missions["park"]?["max_pictures_bytes"] as? Int == 1 << 30)
            #expect((state["disk"] as? [String: Any])?["level"] as? String == "ample")
            #expect(state["last_run"] is NSNull)

            let first = try await server.send("POST", "/v1/retention/runs")
            #expect(first.status == 202)
            #expect(try await lastRun(server)["rows"] as? Int == 0)
            clock.withLock {
                $0.wall += 3 * Self.day
                $0.uptime += .seconds(3 * Self.day)
            }
            let dry = try await send("POST", "/v1/retention/runs", #"{"dry_run": true}"#, to: server)
            #expect(dry.status == 200 && dry.json["rows"] as? Int == 3 && dry.json["sessions"] as? Int == 1)
            #expect(dry.json["dry_run"] as? Bool == true)
            #expect(try await server.send("GET", "/v1/sessions/\(old)").status == 200)

            #expect(try await server.send("POST", "/v1/retention/runs").status == 202)
            var run = try await lastRun(server)
            while run["rows"] as? Int == 0 { run = try await lastRun(server) }
            #expect(run["rows"] as? Int == 3 && run["sessions"] as? Int == 1 && run["complete"] as? Bool == true)
            #expect(try await server.send("GET", "/v1/sessions/\(old)").status == 404)
            let id = try #require(frame["id"] as? String)
            #expect(try await server.send("GET", "/v1/frames/\(id)/mask").status == 200)
            let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("windhover_retention_rows_total 3\n"))
            #expect(metrics.contains("windhover_retention_runs_total{outcome=\"done\"} 2\n"))
        }
    }

    @Test func `A clock that is ahead is refused, until somebody confirms it`() async throws {
        let clock = Mutex(MachineClock.Reading(wall: Date(), boot: "a", uptime: .seconds(1000)))
        try await withServer({
            $0.server.retention.general.keepRows = Self.day
            $0.server.retentionClock = MachineClock { clock.withLock { $0 } }
        }) { server in
            let session = try await server.session()
            for k in 0..<3 { _ = try await server.put(TestServer.frame(k), k, to: session) }
            #expect(try await server.send("POST", "/v1/retention/runs").status == 202)
            _ = try await lastRun(server)
            clock.withLock { $0.wall += 4000 * Self.day }
            let refused = try await server.send("POST", "/v1/retention/runs")
            #expect(refused.status == 409 && refused.problem == "clock-ahead")
            #expect(try #require(refused.json["ahead_s"] as? Int) > 3900 * 86_400)
            #expect(try await server.send("GET", "/v1/sessions/\(session)").json["frames"] as? Int == 3)
            let confirmed = try await send("POST", "/v1/retention/runs", #"{"confirm_clock": true}"#, to: server)
            #expect(confirmed.status == 202)
            while try await lastRun(server)["rows"] as? Int != 2 {}
            #expect(try await server.send("GET", "/v1/sessions/\(session)").json["frames"] as? Int == 1)
        }
    }

    @Test(arguments: [#"{"dry_run": 1}"#, #"{"dryrun": true}"#, "[]", #"{"dry_run": true, "confirm_clock": true}"#])
    func `A run that is asked for wrongly is refused`(json: String) async throws {
        try await withServer { server in
            let answer = try await send("POST", "/v1/retention/runs", json, to: server)
            #expect(answer.status == 400 && answer.problem == "validation")
        }
    }

    // MARK: Holds

    @Test func `A hold is placed, listed and released, whatever its name is made of`() async throws {
        try await withServer { server in
            let session = try await server.session()
            let places = ["session/\(session)", "mission/park%2Fnorth%20%C3%A4", "drone/kestrel-7"]
            for place in places {
                let answer = try await send(
                    "PUT", "/v1/holds/\(place)", #"{"reason": "accident 17", "held_by": "Kim"}"#, to: server)
                #expect(answer.status == 200 && answer.json["reason"] as? String == "accident 17")
            }
            let items = try #require(try await server.send("GET", "/v1/holds").json["items"] as? [[String: Any]])
            #expect(Set(items.compactMap { $0["name"] as? String }) == [session, "park/north ä", "kestrel-7"])
            #expect(items.allSatisfy { $0["held_by"] as? String == "Kim" && $0["held_at"] is String })
            for place in places {
                #expect(try await server.send("DELETE", "/v1/holds/\(place)").status == 204)
                let again = try await server.send("DELETE", "/v1/holds/\(place)")
                #expect(again.status == 404 && again.problem == "hold-not-found")
            }
        }
    }

    @Test func `A hold says what it holds, why and for whom`() async throws {
        try await withServer { server in
            let good = #"{"reason": "a", "held_by": "b"}"#
            for (path, json, status, field) in [
                ("fleet/all", good, 400, "scope"), ("drone/hawk", #"{"held_by": "b"}"#, 400, "reason"),
                ("drone/hawk", #"{"reason": "a"}"#, 400, "held_by"), ("drone/hawk", "", 400, "reason"),
                ("drone/hawk", #"{"reason": "a", "held_by": "b", "until": 3}"#, 400, "until"),
                ("drone/%FF", good, 400, "name"), ("drone/%00", good, 400, "name"),
                ("session/nobody", good, 404, "id"),
            ] {
                let answer = try await send("PUT", "/v1/holds/\(path)", json, to: server)
                #expect(answer.status == status && answer.json["field"] as? String == field, "\(path) \(json)")
            }
            #expect((try await server.send("GET", "/v1/holds").json["items"] as? [Any])?.isEmpty == true)
        }
    }

    // MARK: The disk

    @Test func `With little room pictures are not stored, with less frames are refused, and all recovers`() async throws
    {
        let free = Mutex(1000)
        func set(_ bytes: Int, _ level: String, _ server: TestServer) async throws {
            free.withLock { $0 = bytes }
            // The server looks by itself.
            while (try await server.send("GET", "/v1/retention").json["disk"] as? [String: Any])?["level"] as? String
                != level
            {}
        }
        try await withServer({
            $0.store.disk.warn = DiskThreshold(bytes: 400)
            $0.store.disk.low = DiskThreshold(bytes: 200)
            $0.store.disk.full = DiskThreshold(bytes: 100)
            $0.store.space = { DiskSpace(free: free.withLock { $0 }, total: 10_000) }
        }) { server in
            let session = try await server.session()
            try await set(300, "scarce", server)
            #expect(try await server.put(TestServer.frame(0), 0, to: session).json["pictures"] as? String == "stored")
            let scarce = try await server.send("GET", "/readyz")
            #expect(scarce.status == 200 && scarce.json["disk"] as? String == "scarce")

            try await set(150, "low", server)
            let low = try await server.put(TestServer.frame(1), 1, to: session)
            #expect(low.status == 200 && low.json["mode"] as? String == "propagated")
            #expect(low.json["pictures"] as? String == "not-stored-disk")
            #expect(low.headers["windhover-pictures"] == "not-stored-disk")
            #expect((low.json["links"] as? [String: Any])?["mask"] == nil)
            let id = try #require(low.json["id"] as? String)
            let mask = try await server.send("GET", "/v1/frames/\(id)/mask")
            #expect(mask.problem == "mask-not-stored" && (mask.json["detail"] as? String)?.contains("disk") == true)
            #expect(try await server.send("GET", "/v1/frames/\(id)").json as NSDictionary == low.json as NSDictionary)

            try await set(50, "full", server)
            let refused = try await server.put(TestServer.frame(2), 2, to: session)
            #expect(
                refused.status == 507 && refused.problem == "storage-full" && refused.headers["retry-after"] == "60")
            let none = try await server.send("POST", "/v1/sessions")
            #expect(none.status == 507 && none.problem == "storage-full")
            let ready = try await server.send("GET", "/readyz")
            #expect(ready.status == 503 && ready.problem == "storage-full")
            // What is there can be read, and what is begun be ended.
            #expect(try await server.send("GET", "/v1/frames/\(id)").status == 200)
            let metrics = String(decoding: try await server.send("GET", "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("windhover_disk_level 3\n") && metrics.contains("windhover_disk_free_bytes 50\n"))

            try await set(5000, "ample", server)
            let again = try await server.put(TestServer.frame(2), 2, to: session)
            #expect(again.status == 200 && again.json["pictures"] as? String == "stored")
            #expect(again.headers["windhover-pictures"] == nil)
        }
    }
}
