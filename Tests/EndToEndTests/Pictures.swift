import Foundation
import Imaging

/// Pictures that are made where they are needed.
enum Pictures {
    /// Every pixel another, so that its PNG is about as large as its pixels are.
    static func noise(width: Int, height: Int) throws -> Data {
        var state: UInt32 = 1
        let pixels = (0..<(width * height * 3)).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        return Data(try Frame(width: width, height: height, pixels: pixels).pngData())
    }

    /// Large, and small as PNG.
    static func gradient(width: Int, height: Int, shift: Int = 0) -> Frame {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        for index in pixels.indices {
            pixels[index] = UInt8(truncatingIfNeeded: (index / 3 % width + shift) / 8 + index / 3 / width / 8)
        }
        return Frame(width: width, height: height, pixels: pixels)
    }

    /// Fills a folder with the frames of a golden case, over and over.
    static func folder(_ folder: URL, count: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let golden = try GoldenCase.any
        for k in 0..<count { try golden.frame(k).write(to: folder.appending(path: "\(k).png")) }
    }
}
