import Foundation
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("Telemetry, from the drone to the map") struct TelemetryTests {
        private static func telemetry(_ output: String) throws -> [[String: Any]] {
            try output.split(separator: "\n").map { line in
                let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return try #require(record?["telemetry"] as? [String: Any])
            }
        }

        @Test("A simulated drone tells its pose, and its masks come back as a map")
        func simulated() async throws {
            try await withServer { server in
                let flown = try await ChildProcess.run([
                    "simulate", "--server", server.url, "--frames", "2", "--width", "160", "--height", "96", "--plan",
                    "survey", "--json",
                ])
                #expect(flown.status == 0, "\(flown.errors)")
                let told = try Self.telemetry(flown.output)
                #expect(told.count == 2)
                for telemetry in told {
                    #expect(telemetry["footprint"] is [String: Any] && telemetry["footprint_reason"] == nil)
                    #expect((telemetry["origin"] as? [String: String])?["gimbal_roll_deg"] == "explicit")
                }
                let client = try WindhoverClient(baseURL: #require(URL(string: server.url)))
                let frame = try #require(try await client.frames().items.first)
                let ring = try #require(frame.telemetry?.footprint?.parts.first?.first)
                #expect(ring.count == 5 && ring.first == ring.last)
                let map = try JSONSerialization.jsonObject(with: await client.groundPolygons(of: frame.id))
                let features = try #require((map as? [String: Any])?["features"] as? [[String: Any]])
                let area = features.compactMap { ($0["properties"] as? [String: Any])?["area_m2"] as? Double }
                // 70 degrees from 70 m: 98 m by 59 m, for a camera that sways by a tenth.
                #expect(abs(area.reduce(0, +) / 5765 - 1) < 0.03)
            }
        }

        @Test("Logs beside pictures are sent with them: CSV by name, DJI's subtitles by time, GPX by the clock")
        func sidecars() async throws {
            try await withFolder { folder in
                let flight = folder.appending(path: "flight")
                let recorded = try await ChildProcess.run([
                    "simulate", "--out", flight.path, "--frames", "3", "--width", "160", "--height", "96",
                ])
                #expect(recorded.status == 0, "\(recorded.errors)")
                try FileManager.default.removeItem(at: flight.appending(path: "flight.jsonl"))
                func write(_ name: String, _ text: String) throws -> String {
                    let file = folder.appending(path: name)
                    try Data(text.utf8).write(to: file)
                    return file.path
                }
                let csv = try write(
                    "log.csv",
                    "file,lat,lon,agl_m,heading_deg\n000000.jpg,49.1,8.1,50,90\n000002.jpg,49.3,8.3,70,92\n")
                let srt = try write(
                    "log.srt",
                    (0..<2).map {
                        "\($0 + 1)\n00:00:0\($0),000 --> 00:00:0\($0),033\n[latitude: 49.\($0)] [longitude: 8.5] [rel_alt: 40.0 abs_alt: 140.0] [gb_yaw: 10.0 gb_pitch: -90.0 gb_roll: 0.0]\n"
                    }.joined(separator: "\n"))
                let gpx = try write(
                    "log.gpx",
                    #"<gpx><trk><trkseg><trkpt lat="49" lon="8"><ele>90</ele><time>2026-06-01T08:00:00Z</time></trkpt><trkpt lat="49.2" lon="8"><ele>110</ele><time>2026-06-01T08:00:04Z</time></trkpt></trkseg></trk></gpx>"#
                )
                try await withServer(data: folder.appending(path: "data")) { server in
                    func send(_ log: String, _ options: String...) async throws -> [[String: Any]] {
                        let sent = try await ChildProcess.run(
                            ["send", flight.path, "--server", server.url, "--json", "--telemetry", log] + options)
                        #expect(sent.status == 0, "\(sent.errors)")
                        return try Self.telemetry(sent.output)
                    }
                    let named = try await send(csv, "--fov", "70", "--assume-nadir")
                    #expect(named.map { $0["lat"] as? Double } == [49.1, nil, 49.3])
                    #expect(named[0]["footprint"] is [String: Any] && named[2]["footprint"] is [String: Any])
                    #expect(named[1]["footprint_reason"] as? String == "no-position")
                    let origin = try #require(named[0]["origin"] as? [String: String])
                    #expect(origin["agl_m"] == "sidecar" && origin["gimbal_pitch_deg"] == "assumed")

                    // Two frames a second: the second is half way between the first and the second subtitle.
                    let timed = try await send(srt, "--fps", "2")
                    #expect(
                        timed.compactMap { $0["lat"] as? Double }.map { ($0 * 1000).rounded() } == [
                            49000, 49050, 49100,
                        ])
                    #expect(timed[0]["footprint_reason"] as? String == "no-field-of-view")

                    let clocked = try await send(
                        gpx, "--fps", "2", "--start", "2026-06-01T08:00:00Z", "--telemetry-offset", "1")
                    #expect(clocked.compactMap { $0["alt_m"] as? Double }.map { $0.rounded() } == [95, 98, 100])

                    let table = try await ChildProcess.run(["results", "--server", server.url, "--limit", "0"])
                    #expect(table.output.contains("49.30000, 8.30000"), "\(table.output)")

                    let lost = try await ChildProcess.run([
                        "send", flight.path, "--server", server.url, "--limit", "1", "--telemetry",
                        try write("other.csv", "file,lat,lon\nother.jpg,49,8\n"),
                    ])
                    #expect(lost.status == 0 && lost.errors.contains("tells nothing of these pictures"))

                    let bad = try await ChildProcess.run([
                        "send", flight.path, "--server", server.url, "--telemetry",
                        try write("bad.csv", "lat,lon\n49,8\n490,8\n"),
                    ])
                    #expect(bad.status != 0 && bad.errors.contains("line 3: \"490\" is no lat"), "\(bad.errors)")
                }
            }
        }
    }
}
