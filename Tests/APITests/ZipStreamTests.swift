import API
import Foundation
import Testing

@Suite struct ZipStreamTests {
    /// What Python's zipfile makes of an archive: a line for each entry, after it has checked all sums.
    private static func read(_ bytes: [UInt8]) async throws -> [String] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).zip")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(bytes).write(to: file)
        let text = try await runProgram(
            "python3",
            [
                "-c",
                """
                import hashlib, sys, zipfile
                archive = zipfile.ZipFile(sys.argv[1])
                assert archive.testzip() is None
                for i in archive.infolist():
                    print(i.filename, i.file_size, i.compress_type, i.date_time, oct(i.external_attr >> 16),
                          hashlib.md5(archive.read(i)).hexdigest())
                """, file.path,
            ])
        return text.split(separator: "\n").map(String.init)
    }

    @Test func `another program finds in it what was put in`() async throws {
        var zip = ZipStream(at: Date(timeIntervalSince1970: 1_777_777_777))
        var bytes = zip.store(Array("one".utf8), as: "a/ä.jpg")
        bytes += zip.begin("big.json")
        var generator = SystemRandomNumberGenerator()
        // Incompressible, so that a piece fills the deflater's room several times.
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for piece in [noise, [], [UInt8](repeating: 65, count: 100_000)] { bytes += zip.write(piece) }
        bytes += zip.end()
        bytes += zip.store([], as: "empty")
        bytes += zip.finish()
        let time = "(2026, 5, 3, 3, 9, 36)"
        let entries = try await Self.read(bytes)
        #expect(entries.count == 3)
        #expect(entries[0] == "a/ä.jpg 3 0 \(time) 0o100644 f97c5d29941bfb1b2fdab0874906ab82")
        #expect(entries[1].hasPrefix("big.json 300000 8 \(time) 0o100644 "))
        #expect(entries[2] == "empty 0 0 \(time) 0o100644 d41d8cd98f00b204e9800998ecf8427e")
        // Half of it is noise, the other next to nothing.
        #expect(bytes.count < 202_000)
    }

    @Test func `an archive may have more entries than sixteen bits count, or none`() async throws {
        var zip = ZipStream(at: Date())
        var bytes: [UInt8] = []
        for number in 0..<70_000 { bytes += zip.store([], as: "\(number)") }
        bytes += zip.finish()
        let entries = try await Self.read(bytes)
        #expect(entries.count == 70_000 && entries.last?.hasPrefix("69999 0") == true)
        var none = ZipStream(at: Date())
        #expect(try await Self.read(none.finish()).isEmpty)
    }
}
