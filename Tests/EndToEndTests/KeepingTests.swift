import Foundation
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension EndToEndTests {
    /// Retention, backups and full disks, with the program as a process that can be killed.
    @Suite("What is kept") struct KeepingTests {
        @Test("Retention that is killed at any moment loses nothing of what is kept, and goes on")
        func retentionKilled() async throws {
            try await withFolder { data in
                let arguments = ["--keep-rows", "1s", "--keep-mission", "kept=rows:forever,pictures:forever"]
                let (kept, gone) = try await withServer(data: data) { server in
                    let gone = try await Flight.fly(server, sessions: 10, frames: 4, mission: "gone")
                    for session in Set(gone.map(\.session)) {
                        _ = try await server.send("DELETE", "/v1/sessions/\(session)")
                    }
                    // Last, because the newest of all stays.
                    return (try await Flight.fly(server, sessions: 2, frames: 4, mission: "kept"), gone)
                }
                for _ in 0..<4 {
                    try await withServer(data: data, arguments: arguments) { server in
                        let begun = try await server.send("POST", "/v1/retention/runs")
                        #expect(begun.status == 202, "\(begun.text)")
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
                        await server.process.killAndWait()
                    }
                    try await expectSound(data)
                    try await withServer(data: data) { try await Flight.check(kept, $0) }
                }
                try await withServer(data: data, arguments: arguments) { server in
                    try await Self.runToTheEnd(server)
                    try await Flight.check(kept, server)
                    for session in Set(gone.map(\.session)) {
                        #expect(try await server.send("GET", "/v1/sessions/\(session)").status == 404)
                    }
                }
                try await expectSound(data)
                #expect(try data.appending(path: "masks").contents.count == 1)
            }
        }

        @Test(
            "A backup beside a busy server has every frame that was acknowledged before it, and one that is killed is none"
        )
        func backup() async throws {
            try await withFolder { folder in
                let (data, copy) = (folder.appending(path: "data"), folder.appending(path: "copy"))
                let acknowledged = try await withServer(data: data) { server in
                    let before = try await Flight.fly(server, sessions: 3, frames: 6, mission: "before")
                    let busy = Task {
                        while !Task.isCancelled {
                            _ = try await Flight.fly(server, sessions: 1, frames: 10, mission: "meanwhile")
                        }
                    }
                    for round in 0..<4 {
                        let killed = try ChildProcess(["backup", copy.path, "--data", data.path])
                        try await Task.sleep(for: .milliseconds(Int.random(in: 0...120)))
                        await killed.killAndWait()
                        let place = folder.appending(path: "restored-\(round)")
                        let restored = try await ChildProcess.run(["restore", copy.path, "--data", place.path])
                        if restored.status == 0 {
                            try await expectSound(place)
                        } else {
                            #expect(
                                restored.errors.contains("no finished backup"), "\(restored.status) \(restored.errors)")
                        }
                    }
                    let whole = try await ChildProcess.run(["backup", copy.path, "--data", data.path])
                    #expect(whole.status == 0 && whole.output.contains("frames"), "\(whole.errors)")
                    busy.cancel()
                    _ = await busy.result
                    return before
                }
                try await expectSound(copy)
                try await expectSound(data)

                // A restore that is killed keeps servers out, and is done again.
                let place = folder.appending(path: "restored")
                for _ in 0..<3 {
                    let killed = try ChildProcess(["restore", copy.path, "--data", place.path, "--replace"])
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...60)))
                    await killed.killAndWait()
                    if FileManager.default.fileExists(atPath: place.appending(path: "windhover.restoring").path) {
                        let refused = try await ChildProcess.run(
                            ["serve", "--models", GoldenCase.folder.path, "--data", place.path, "--port", "0"])
                        #expect(refused.status != 0 && refused.errors.contains("windhover restore"))
                    }
                }
                let done = try await ChildProcess.run(["restore", copy.path, "--data", place.path, "--replace"])
                #expect(done.status == 0, "\(done.errors)")
                try await expectSound(place)
                try await withServer(data: place) { server in
                    try await Flight.check(acknowledged, server)
                    let next = try await Flight.fly(server, sessions: 1, frames: 2, mission: "after")
                    try await Flight.check(next, server)
                }
            }
        }

        @Test("A damaged folder is told, with exit status 1")
        func damaged() async throws {
            try await withFolder { data in
                let frames = try await withServer(data: data) { try await Flight.fly($0, sessions: 1, frames: 3) }
                let pack = try #require(
                    try FileManager.default.subpathsOfDirectory(atPath: data.path).first { $0.hasSuffix(".pack") })
                let handle = try FileHandle(forWritingTo: data.appending(path: pack))
                try handle.truncate(atOffset: 40)
                try handle.close()
                let text = try await ChildProcess.run(["db", "check", "--data", data.path])
                #expect(text.status == 1 && text.output.contains("something is damaged"), "\(text.output)")
                let json = try await ChildProcess.run(["db", "check", "--json", "--data", data.path])
                let report = try #require(
                    try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
                #expect(json.status == 1 && report["frames"] as? Int == frames.count)
                #expect((report["damagedPictures"] as? Int).map { $0 > 0 } == true)
                let nothing = try await ChildProcess.run(["db", "check", "--data", "/nowhere"])
                #expect(nothing.status != 0 && nothing.errors.contains("/nowhere/windhover.sqlite"))
            }
        }

        @Test("Retention is set on the command line and in the file")
        func settings() async throws {
            try await withFolder { folder in
                let config = folder.appending(path: "windhover.yaml")
                try Data("keep_pictures: 30d\nkeep_mission: [a=b=rows:2w, 'park=pictures:12h,size:50G']\n".utf8)
                    .write(to: config)
                try await withServer(
                    data: folder.appending(path: "data"),
                    arguments: ["--config", config.path, "--keep-rows", "365d", "--max-pictures", "200G"]
                ) { server in
                    let state = try await server.send("GET", "/v1/retention").json
                    let policy = try #require(state["policy"] as? NSDictionary)
                    let day = 86_400
                    #expect(
                        policy == [
                            "keep_pictures_s": 30 * day, "keep_rows_s": 365 * day, "max_pictures_bytes": 200 << 30,
                            "missions": [
                                "a=b": [
                                    "keep_pictures_s": 30 * day, "keep_rows_s": 14 * day,
                                    "max_pictures_bytes": NSNull(),
                                ],
                                "park": [
                                    "keep_pictures_s": day / 2, "keep_rows_s": 365 * day,
                                    "max_pictures_bytes": 50 << 30,
                                ],
                            ],
                        ] as NSDictionary)
                }
            }
        }

        @Test(
            "A disk that fills up costs pictures first, then new frames, and nothing that was acknowledged",
            .enabled(if: SmallDisk.isPossible, "needs a machine that lets root mount a tmpfs"))
        func fullDisk() async throws {
            try await SmallDisk.with(megabytes: 64) { disk in
                let data = disk.folder.appending(path: "data")
                let arguments = ["--disk-warn", "48M", "--disk-low", "32M", "--disk-full", "16M"]
                let acknowledged = try await withServer(data: data, arguments: arguments) { server in
                    var flight = try await Flight.fly(server, sessions: 1, frames: 2)
                    let session = flight[0].session
                    func next(until isSo: (Server.Answer) -> Bool) async throws -> Server.Answer {
                        for _ in 0..<2000 {
                            let frame = try Flight.image(flight.count)
                            let answer = try await server.put(frame, flight.count, to: session)
                            if answer.status == 200 { flight.append(.init(session: session, body: answer.body)) }
                            if isSo(answer) { return answer }
                        }
                        throw TestFailure("it never came")
                    }
                    func pictures(_ answer: Server.Answer) -> String? { answer.json["pictures"] as? String }

                    try disk.fill(leaving: 24)
                    _ = try await next { pictures($0) == "not-stored-disk" }
                    #expect(try await server.send("GET", "/readyz").json["disk"] as? String == "low")
                    try disk.fill(leaving: 8)
                    let refused = try await next { $0.status != 200 }
                    #expect(refused.status == 507 && refused.text.contains("storage-full"), "\(refused.text)")
                    #expect(try await server.send("GET", "/readyz").status == 503)
                    // To the last byte: still nothing breaks.
                    try disk.fill(leaving: 0)
                    #expect(try await server.put(Flight.image(0), flight.count, to: session).status == 507)
                    #expect(try await server.send("GET", "/v1/frames?limit=1").status == 200)
                    try disk.empty()
                    _ = try await next { pictures($0) == "stored" }
                    try await Flight.check(flight, server)
                    return flight
                }
                try await expectSound(data)
                try await withServer(data: data) { try await Flight.check(acknowledged, $0) }
            }
        }

        private static func runToTheEnd(_ server: Server) async throws {
            // Everything is past a second after it came in.
            while true {
                let begun = try await server.send("POST", "/v1/retention/runs")
                try #require(begun.status == 202, "\(begun.text)")
                var state = try await server.send("GET", "/v1/retention").json
                while !(state["running"] is NSNull) { state = try await server.send("GET", "/v1/retention").json }
                let dry = try await server.send(
                    "POST", "/v1/retention/runs", headers: ["Content-Type": "application/json"],
                    body: Data(#"{"dry_run": true}"#.utf8))
                if dry.json["rows"] as? Int == 0, dry.json["sessions"] as? Int == 0 { return }
            }
        }
    }
}

/// `windhover db check` finds nothing wrong.
private func expectSound(_ data: URL) async throws {
    let check = try await ChildProcess.run(["db", "check", "--data", data.path])
    #expect(check.status == 0 && check.output.contains("all is well"), "\(check.output) \(check.errors)")
}

/// Frames that were answered, as they were answered.
private struct Flight: Sendable {
    let session: String
    let body: Data

    static func image(_ k: Int) throws -> Data {
        let golden = try GoldenCase.any
        return try golden.frame(k % golden.count)
    }

    static func fly(_ server: Server, sessions: Int, frames: Int, mission: String = "any") async throws -> [Flight] {
        var flights: [Flight] = []
        for _ in 0..<sessions {
            let session = try await server.session(#"{"mission_id": "\#(mission)"}"#)
            for k in 0..<frames {
                let answer = try await server.put(image(k), k, to: session)
                try #require(answer.status == 200, "\(answer.text)")
                flights.append(Flight(session: session, body: answer.body))
            }
        }
        return flights
    }

    /// All of them are there as they were answered, with the pictures that they said they had.
    static func check(_ flights: [Flight], _ server: Server) async throws {
        for flight in flights {
            let record = try #require(try JSONSerialization.jsonObject(with: flight.body) as? NSDictionary)
            let id = try #require(record["id"] as? String)
            let stored = try await server.send("GET", "/v1/frames/\(id)")
            #expect(stored.json as NSDictionary == record, "\(stored.text)")
            let mask = try await server.send("GET", "/v1/frames/\(id)/mask")
            #expect(mask.status == (record["pictures"] as? String == "stored" ? 200 : 404), "\(mask.text)")
        }
    }
}

/// A file system of few megabytes.
private struct SmallDisk {
    let folder: URL
    private var ballast: URL { folder.appending(path: "ballast") }

    static let isPossible: Bool = {
        guard geteuid() == 0, Program.isInstalled("mount"), Program.isInstalled("umount") else { return false }
        let place = FileManager.default.temporaryDirectory.appending(path: "windhover-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        guard (try? mount(place, megabytes: 1)) != nil else { return false }
        unmount(place)
        return true
    }()

    static func with(megabytes: Int, _ body: (SmallDisk) async throws -> Void) async throws {
        try await withFolder { folder in
            let place = folder.appending(path: "disk")
            try mount(place, megabytes: megabytes)
            defer { unmount(place) }
            try await body(SmallDisk(folder: place))
        }
    }

    /// Writes until so many megabytes are free, or none.
    func fill(leaving megabytes: Int) throws {
        if !FileManager.default.fileExists(atPath: ballast.path) { try Data().write(to: ballast) }
        let handle = try FileHandle(forWritingTo: ballast)
        defer { try? handle.close() }
        try handle.seekToEnd()
        let chunk = Data(count: 64 << 10)
        while try free() > megabytes << 20 {
            do {
                try handle.write(contentsOf: chunk)
            } catch {
                // What is left is less than a chunk.
                break
            }
        }
    }

    func empty() throws { try FileManager.default.removeItem(at: ballast) }

    private func free() throws -> Int {
        let values = try FileManager.default.attributesOfFileSystem(forPath: folder.path)
        return (values[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    }

    private static func mount(_ place: URL, megabytes: Int) throws {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = Program.find("mount")
        process.arguments = ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", place.path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw TestFailure("cannot mount a tmpfs") }
    }

    private static func unmount(_ place: URL) {
        let process = Process()
        process.executableURL = Program.find("umount")
        process.arguments = [place.path]
        try? process.run()
        process.waitUntilExit()
    }
}
