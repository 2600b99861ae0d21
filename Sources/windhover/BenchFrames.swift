import ArgumentParser
import Foundation
import Imaging
import Simulation

/// The pictures that are sent, as files.
struct BenchFrames: Sendable {
    let files: [[UInt8]]
    let width: Int
    let height: Int

    /// The first `count` pictures of a folder.
    init(folder path: String, count: Int) throws {
        let folder = URL(fileURLWithPath: path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { ["jpg", "jpeg", "png"].contains(($0 as NSString).pathExtension.lowercased()) }
        guard names.count >= 3 else { throw ValidationError("\(path): holds fewer than three images") }
        files = try names.prefix(count).map { [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))) }
        let header = try ImageCodec.header(of: files[0])
        (width, height) = (header.width, header.height)
    }

    /// A simulated flight.
    init(width: Int, height: Int, count: Int) throws {
        let flight = SimulatedFlight(seed: 7, width: width, height: height, fps: 10, plan: .transit)
        files = try (0..<count).map { try flight.frame($0).frame.jpegData(quality: 90) }
        (self.width, self.height) = (width, height)
    }

    /// The picture of any frame number: there and back again, so that each is next to the one before.
    subscript(number: Int) -> [UInt8] {
        let period = 2 * files.count - 2
        let place = number % period
        return files[min(place, period - place)]
    }

    /// When a frame is said to be taken.
    static func time(_ number: Int) -> Date { Date(timeIntervalSince1970: 1_700_000_000 + Double(number) / 10) }
}
