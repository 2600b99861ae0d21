import ArgumentParser
import Foundation

/// A length of time on the command line: `90s`, `30m`, `12h`, `30d`, `2w`, or `forever`.
struct Age: ExpressibleByArgument, Equatable {
    let defaultValueDescription: String
    /// Nil: without end.
    let seconds: TimeInterval?

    private static let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400]

    init?(argument: String) {
        defaultValueDescription = argument
        if argument == "forever" {
            seconds = nil
            return
        }
        // A bare number says nothing: seconds or days?
        guard let unit = argument.last.flatMap({ Self.units[$0] }), let number = Int(argument.dropLast()),
            (1...1_000_000).contains(number)
        else { return nil }
        seconds = Double(number) * unit
    }
}

/// An amount of bytes on the command line: `500M`, `200G`, `2T`, in powers of 1024; or `unlimited`.
struct ByteCount: ExpressibleByArgument, Equatable {
    let defaultValueDescription: String
    /// Nil: without limit.
    let bytes: Int?

    private static let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]

    init?(argument: String) {
        defaultValueDescription = argument
        if argument == "unlimited" {
            bytes = nil
            return
        }
        guard let shift = argument.last.flatMap({ Self.units[$0] }), let number = Int(argument.dropLast()),
            (1...1_000_000).contains(number)
        else { return nil }
        bytes = number << shift
    }
}
