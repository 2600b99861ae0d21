import Foundation

/// How much of each class there is in some frames: sums that merge by adding.
///
/// As a blob: for each class, by rising key, little-endian: key (4 bytes), frames (4), pixels (8), sum of fractions (8).
struct ClassAreas {
    struct Entry: Equatable {
        var key: UInt32
        /// Frames in which it has a pixel.
        var frames: UInt32
        var pixels: Int64
        /// Over frames.
        var fraction: Double
    }
    static let stride = 24

    var entries: [Entry] = []

    init() {}

    init(_ blob: UnsafeRawBufferPointer) {
        entries.reserveCapacity(blob.count / Self.stride)
        Self.read(blob) { entries.append($0) }
    }

    @inline(__always)
    static func read(_ blob: UnsafeRawBufferPointer, _ body: (Entry) -> Void) {
        var at = 0
        while at + stride <= blob.count {
            body(
                Entry(
                    key: blob.loadUnaligned(fromByteOffset: at, as: UInt32.self),
                    frames: blob.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self),
                    pixels: blob.loadUnaligned(fromByteOffset: at + 8, as: Int64.self),
                    fraction: blob.loadUnaligned(fromByteOffset: at + 16, as: Double.self)))
            at += stride
        }
    }

    mutating func add(_ other: ClassAreas) {
        entries.merge(other.entries, by: \.key) { mine, theirs in
            mine.frames &+= theirs.frames
            mine.pixels = mine.pixels.saturatingAdd(theirs.pixels)
            mine.fraction += theirs.fraction
        }
    }

    var blob: Data {
        var data = Data(capacity: entries.count * Self.stride)
        for entry in entries {
            data.append(bytes: entry.key)
            data.append(bytes: entry.frames)
            data.append(bytes: entry.pixels)
            data.append(bytes: entry.fraction)
        }
        return data
    }
}

/// The most there is of each class in one of some frames: bounds that merge by widening.
///
/// As a blob: for each class with a pixel, by rising key, little-endian: key (4 bytes), pixels (4; the greatest number
/// stands for more), fraction (4, rounded up).
struct ClassPeaks {
    struct Entry: Equatable {
        var key: UInt32
        var pixels: UInt32
        var fraction: Float
    }
    static let stride = 12

    var entries: [Entry] = []

    init() {}

    init(_ blob: UnsafeRawBufferPointer) {
        entries.reserveCapacity(blob.count / Self.stride)
        Self.read(blob) { entries.append($0) }
    }

    @inline(__always)
    static func read(_ blob: UnsafeRawBufferPointer, _ body: (Entry) -> Void) {
        var at = 0
        while at + stride <= blob.count {
            body(
                Entry(
                    key: blob.loadUnaligned(fromByteOffset: at, as: UInt32.self),
                    pixels: blob.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self),
                    fraction: blob.loadUnaligned(fromByteOffset: at + 8, as: Float.self)))
            at += stride
        }
    }

    mutating func widen(_ other: ClassPeaks) {
        entries.merge(other.entries, by: \.key) { mine, theirs in
            mine.pixels = max(mine.pixels, theirs.pixels)
            mine.fraction = max(mine.fraction, theirs.fraction)
        }
    }

    var blob: Data {
        var data = Data(capacity: entries.count * Self.stride)
        for entry in entries {
            data.append(bytes: entry.key)
            data.append(bytes: entry.pixels)
            data.append(bytes: entry.fraction)
        }
        return data
    }
}

/// What `peaks` are held against: least pixels and fractions of classes, all of which, or one of which, must be met.
///
/// As a blob: 1 where all must be met (4 bytes), then as in `ClassPeaks`, the fraction rounded down.
struct ClassDemands {
    var all: Bool
    var entries: [ClassPeaks.Entry]

    var blob: Data {
        var data = Data()
        data.append(bytes: UInt32(all ? 1 : 0))
        var peaks = ClassPeaks()
        peaks.entries = entries
        return data + peaks.blob
    }

    /// Whether frames of these peaks may meet the demands; both as blobs.
    static func mayBeMet(by peaks: UnsafeRawBufferPointer, _ demands: UnsafeRawBufferPointer) -> Bool {
        guard demands.count >= 4 else { return false }
        let all = demands.loadUnaligned(as: UInt32.self) == 1
        var at = 4
        while at + ClassPeaks.stride <= demands.count {
            let key = demands.loadUnaligned(fromByteOffset: at, as: UInt32.self)
            let pixels = demands.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self)
            let fraction = demands.loadUnaligned(fromByteOffset: at + 8, as: Float.self)
            var met = false
            var place = 0
            while place + ClassPeaks.stride <= peaks.count {
                if peaks.loadUnaligned(fromByteOffset: place, as: UInt32.self) == key {
                    met =
                        peaks.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self) >= pixels
                        && peaks.loadUnaligned(fromByteOffset: place + 8, as: Float.self) >= fraction
                    break
                }
                place += ClassPeaks.stride
            }
            if met != all { return met }
            at += ClassPeaks.stride
        }
        return all
    }
}

extension Float {
    /// The nearest that is not less.
    init(roundingUp value: Double) {
        let near = Float(value)
        self = Double(near) < value ? near.nextUp : near
    }

    /// The nearest that is not greater.
    init(roundingDown value: Double) {
        let near = Float(value)
        self = Double(near) > value ? near.nextDown : near
    }
}

extension Int64 {
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (self < 0 ? .min : .max) : sum
    }

    /// The quotient rounded down, which `/` does for positive numbers only.
    func floorDivided(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}

extension Data {
    fileprivate mutating func append<Value>(bytes value: Value) {
        Swift.withUnsafeBytes(of: value) { append(contentsOf: $0) }
    }
}

extension Array {
    /// Both sorted by a key that occurs once.
    fileprivate mutating func merge(
        _ others: [Element], by key: KeyPath<Element, UInt32>, _ join: (inout Element, Element) -> Void
    ) {
        var place = 0
        for other in others {
            let wanted = other[keyPath: key]
            while place < count, self[place][keyPath: key] < wanted { place += 1 }
            if place < count, self[place][keyPath: key] == wanted {
                join(&self[place], other)
            } else {
                insert(other, at: place)
            }
        }
    }
}
