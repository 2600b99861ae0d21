import Foundation
import Testing
import Videos

@Suite struct VideoContainerTests {
    private func box(_ type: String, size: [UInt8] = [0, 0, 0, 32]) -> [UInt8] {
        size + Array(type.utf8) + [0, 0, 0, 0, 1, 2, 3]
    }

    @Test(arguments: ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"])
    func `MP4 and MOV are told by their first box`(type: String) {
        #expect(VideoContainer(box(type)) == .mov)
        #expect(VideoContainer(box(type, size: [0, 0, 0, 1])) == .mov, "a 64-bit size follows")
        #expect(VideoContainer(box(type, size: [0, 0, 0, 4])) == nil, "smaller than its own head")
    }

    @Test func `Matroska is told by the head of EBML`() {
        #expect(VideoContainer([0x1A, 0x45, 0xDF, 0xA3, 0x9F]) == .matroska)
    }

    @Test(arguments: ["", "RIFF1234AVI LIST", "#EXTM3U\n#EXT-X-VERSION:3", "ffconcat version 1.0\nfile /etc/passwd"])
    func `Anything else is neither, play-lists of other files above all`(text: String) {
        #expect(VideoContainer(Array(text.utf8)) == nil)
        #expect(VideoContainer(Array(box("ftyp").prefix(11))) == nil)
    }
}
