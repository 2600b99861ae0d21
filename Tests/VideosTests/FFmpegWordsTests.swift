import Foundation
import Testing
import Videos

/// What ffmpeg and ffprobe say, and what is made of it.
@Suite struct FFmpegWordsTests {
    @Test func `A frame's time is found wherever it stands in a line`() {
        #expect(FrameTime("frame:12   pts:6144    pts_time:0.6") == FrameTime(number: 12, seconds: 0.6))
        #expect(FrameTime("[h264 @ 0x5] frame:0    pts:0       pts_time:0") == FrameTime(number: 0, seconds: 0))
        #expect(FrameTime("frame:3    pts:NOPTS   pts_time:NOPTS") == FrameTime(number: 3, seconds: nil))
        #expect(FrameTime("frame:4    pts:1   pts_time:inf") == FrameTime(number: 4, seconds: nil))
        #expect(FrameTime("w=1") == nil)
        #expect(FrameTime("[h264 @ 0x5] error while decoding MB 2 4, bytestream -8") == nil)
    }

    @Test func `Last words have no addresses, no paths, and nothing twice`() {
        var words = LastWords()
        #expect(words.text == nil)
        for line in [
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5608e1803780] stream 0, offset 0x2042: partial file",
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5608e1803780] stream 0, offset 0x20a5: partial file",
            "    Last message repeated 3 times",
            "[NULL @ 0x55b156400080] missing picture in access unit with size 84",
            "/var/lib/windhover/videos/01a2/source: Invalid data found when processing input",
            "",
        ] { words.append(line) }
        #expect(
            words.text
                == "mov,mp4,m4a,3gp,3g2,mj2: partial file; missing picture in access unit with size 84; "
                + "Invalid data found when processing input")
        for k in 0..<100 { words.append("\(k) " + String(repeating: "x", count: 1000)) }
        #expect((words.text?.count ?? 0) < 1000)
    }

    private func probe(_ stream: String, format: String = "{}", maxPixels: Int = 1_000_000) throws -> VideoProbe {
        try VideoProbe(json: Array(#"{"streams": [\#(stream)], "format": \#(format)}"#.utf8), maxPixels: maxPixels)
    }

    @Test func `A probe tells size, rate, frames and when the video was taken`() throws {
        let found = try probe(
            #"{"width": 320, "height": 192, "nb_frames": "20", "avg_frame_rate": "10/1", "duration": "2.000000"}"#,
            format: #"{"duration": "2.5", "tags": {"creation_time": "2025-03-04T05:06:07.000000Z"}}"#)
        #expect((found.width, found.height) == (320, 192))
        #expect(found.frames == 20 && found.rate == 10 && found.duration == 2)
        #expect(found.creation == Date(timeIntervalSince1970: 1_741_064_767))
        #expect(found.total(every: 3, fps: nil) == 7)
        #expect(found.total(every: 1, fps: 4) == 8)
        #expect(found.total(every: 1, fps: 30) == 20, "there are no more than there are")
    }

    @Test func `What a container does not say is estimated, or left open`() throws {
        let film = try probe(
            #"{"width": 320, "height": 192, "avg_frame_rate": "30000/1001"}"#, format: #"{"duration": "10.01"}"#)
        #expect(film.frames == 300)
        let bare = try probe(#"{"width": 320, "height": 192, "avg_frame_rate": "0/0"}"#)
        #expect(bare.frames == nil && bare.rate == nil && bare.total(every: 1, fps: 5) == nil)
        let clockless = try probe(
            #"{"width": 1, "height": 1}"#, format: #"{"tags": {"creation_time": "1904-01-01T00:00:00.000000Z"}}"#)
        #expect(clockless.creation == nil)
        let endless = try probe(
            #"{"width": 1, "height": 1, "avg_frame_rate": "1000000/1"}"#, format: #"{"duration": "9e99"}"#)
        #expect(endless.frames == nil)
    }

    @Test(arguments: ["", "{}", #"{"width": 0, "height": 5}"#, #"{"width": 1001, "height": 1000}"#])
    func `What cannot be run is refused`(stream: String) {
        #expect(throws: VideoFailure.self) { try probe(stream) }
    }
}
