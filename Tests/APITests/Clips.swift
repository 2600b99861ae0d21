import Foundation

/// Video files, made by the system's ffmpeg where they are needed.
enum Clips {
    static let isPossible = ["ffmpeg", "ffprobe"].allSatisfy { find($0) != nil }

    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first(where: FileManager.default.isExecutableFile)
    }

    /// A test picture that moves, of the golden frames' size; `options` stand before the file's name.
    static func make(
        _ name: String = "clip.mp4", seconds: Double = 2, rate: Int = 10, _ options: [String] = []
    ) async throws -> [UInt8] {
        try await ffmpeg(
            name,
            ["-f", "lavfi", "-i", "testsrc=duration=\(seconds):size=160x96:rate=\(rate)"]
                + ["-pix_fmt", "yuv420p", "-g", "10"] + options)
    }

    /// What ffmpeg makes of such arguments, which lack the file's name.
    static func ffmpeg(_ name: String, _ arguments: [String]) async throws -> [UInt8] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(name)
        _ = try await runProgram("ffmpeg", ["-v", "error", "-y"] + arguments + [file.path])
        return [UInt8](try Data(contentsOf: file))
    }

    /// The value that ffprobe has for an entry of a file's video stream.
    static func probe(_ bytes: [UInt8], _ entry: String) async throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("windhover-\(UUID().uuidString).mp4")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await runProgram(
            "ffprobe",
            ["-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=\(entry)"]
                + ["-of", "csv=p=0", file.path]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension TestServer {
    /// Uploads a file in one request, and gives the answer.
    func upload(_ clip: [UInt8], _ query: String = "", headers: [String: String] = [:]) async throws -> Answer {
        var headers = headers
        headers["Content-Type"] = headers["Content-Type"] ?? "video/mp4"
        return try await send("POST", "/v1/videos\(query)", headers: headers, body: clip)
    }

    /// Uploads a file and comes back when its job is over.
    func video(_ clip: [UInt8], _ query: String = "") async throws -> [String: Any] {
        let answer = try await upload(clip, query)
        guard answer.status == 201, let id = answer.json["id"] as? String else {
            throw TestFailure("no video: \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        return try await finished(id)
    }

    func finished(_ id: String) async throws -> [String: Any] {
        try await video(id) { ["done", "failed", "cancelled"].contains($0["state"] as? String) }
    }

    /// Asks until it is so.
    func video(_ id: String, until condition: ([String: Any]) -> Bool) async throws -> [String: Any] {
        let start = ContinuousClock.now
        while true {
            let json = try await send("GET", "/v1/videos/\(id)").json
            if condition(json) { return json }
            guard ContinuousClock.now - start < .seconds(120) else { throw TestFailure("video \(id) is still \(json)") }
            await Task.yield()
        }
    }

    /// Records of a session's frames, the first first.
    func frames(of session: Any?) async throws -> [[String: Any]] {
        let page = try await send("GET", "/v1/frames?session=\(session ?? "")&limit=1000")
        let items = page.json["items"] as? [[String: Any]] ?? []
        return items.sorted { ($0["sequence"] as? Int ?? 0) < ($1["sequence"] as? Int ?? 0) }
    }
}
