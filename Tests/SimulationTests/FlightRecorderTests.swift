import Foundation
import Imaging
import Simulation
import Testing

@Suite struct FlightRecorderTests {
    @Test(
        "A recorded flight can be read back: labels exactly, the log line by line",
        arguments: FlightRecorder.Format.allCases)
    func roundTrip(format: FlightRecorder.Format) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "flight-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let flight = SimulatedFlight(world: testWorld, pilot: 3, width: 160, height: 90, plan: .hover)
        let recorder = try FlightRecorder(folder: folder, format: format)
        for index in 0..<2 { try recorder.record(flight.frame(index)) }
        try recorder.finish()

        let log = try String(contentsOf: folder.appending(path: "flight.jsonl"), encoding: .utf8)
        let entries = try FlightLogEntry.parse(log)
        #expect(entries.map(\.file) == ["frames/000000.\(format)", "frames/000001.\(format)"])
        let second = flight.frame(1)
        let captured = try #require(entries[1].capturedAt)
        #expect(abs(captured.timeIntervalSince(second.telemetry.capturedAt)) < 0.001)
        #expect(entries[1].homography == second.homography)
        #expect(entries[1].lat == second.telemetry.latitude)

        let labels = try Data(contentsOf: folder.appending(path: "labels/000001.png"))
        #expect(try LabelMap.decodePNG([UInt8](labels)) == second.labels)
        #expect(FileManager.default.fileExists(atPath: folder.appending(path: entries[1].file).path))
    }

    @Test("A log needs no more than file names")
    func sparseLog() throws {
        let entries = try FlightLogEntry.parse(
            """
            {"file": "a.jpg"}

            {"file": "b.jpg", "captured_at": "2026-06-01T08:00:00Z", "camera": "left"}
            """)
        #expect(entries.map(\.file) == ["a.jpg", "b.jpg"])
        #expect(entries[0].capturedAt == nil)
        #expect(entries[1].capturedAt == Date(timeIntervalSince1970: 1_780_300_800))
    }

    @Test("A time that is none is an error")
    func badTime() {
        #expect(throws: DecodingError.self) {
            try FlightLogEntry.parse(#"{"file": "a.jpg", "captured_at": "yesterday"}"#)
        }
    }
}
