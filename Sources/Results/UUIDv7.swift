import Foundation
import Synchronization

/// Identifiers that sort by the time they were made: RFC 9562, version 7.
package enum UUIDv7 {
    private static let shared = Generator()

    /// A new identifier in lower case, greater than every one made before it in this process.
    package static func make(now: Date = Date()) -> String {
        shared.next(now: now)
    }

    /// A row of identifiers of its own; `make` draws from one for the whole process.
    package final class Generator: Sendable {
        fileprivate struct Last {
            var milliseconds: UInt64 = 0
            var counter: UInt16 = 0
        }
        private let last = Mutex(Last())

        package init() {}

        /// A new identifier, greater than all before it even where `now` stands still or steps back.
        package func next(now: Date) -> String {
            let (milliseconds, counter) = last.withLock { last in
                last.advance(to: UInt64(max(0, min(now.timeIntervalSince1970 * 1000, 0xFFFF_FFFF_FFFF))))
                return (last.milliseconds, last.counter)
            }
            // Section 5.7: 48 bits of Unix milliseconds, version, 12 bits that count, variant, 62 random bits.
            let high = milliseconds << 16 | 0x7000 | UInt64(counter)
            let low = UInt64.random(in: .min ... .max) >> 2 | 0x8000_0000_0000_0000
            return UUIDv7.text(high, low)
        }
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                let half = index < 16 ? high : low
                text[place] = digits[Int(half >> UInt64(60 - index % 16 * 4) & 0xF)]
                place += 1
            }
            return place
        }
    }
}

extension UUIDv7.Generator.Last {
    // Section 6.2, method 1: a counter within the millisecond. It starts at random with its top bit clear, which leaves
    // at least 2048 steps; should it still run over, the clock is moved on by a millisecond.
    fileprivate mutating func advance(to now: UInt64) {
        if now > milliseconds {
            milliseconds = now
            counter = .random(in: 0..<0x800)
        } else if counter < 0xFFF {
            counter += 1
        } else {
            milliseconds += 1
            counter = .random(in: 0..<0x800)
        }
    }
}
