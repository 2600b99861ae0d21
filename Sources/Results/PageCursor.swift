import Foundation

/// The place where a page ended: opaque to the client, and good only for the query that gave it out.
struct PageCursor: Equatable {
    /// Sort key of the last item on the page, and the integer key that tells items of equal time apart.
    var microseconds: Int64
    var key: Int64

    /// Where the first page of a list starts: below everything that is before `end`, or simply below everything.
    init(before end: Date?) {
        microseconds = end?.microseconds ?? .max
        key = .min
    }

    init(microseconds: Int64, key: Int64) {
        self.microseconds = microseconds
        self.key = key
    }

    /// Reads a cursor that `text(for:)` wrote.
    ///
    /// Throws `StoreError.badCursor` for anything else.
    init(_ text: String, for filter: Fingerprint) throws {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), data.count == 24 else { throw StoreError.badCursor }
        let words = (0..<3).map { word in data[word * 8..<word * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        guard words[2] == filter.value else { throw StoreError.badCursor }
        self.init(microseconds: Int64(bitPattern: words[0]), key: Int64(bitPattern: words[1]))
    }

    /// base64url without padding (RFC 4648, section 5): fits into a URL as it is.
    func text(for filter: Fingerprint) -> String {
        let words = [UInt64(bitPattern: microseconds), UInt64(bitPattern: key), filter.value]
        let data = Data(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - $0 * 8)) } })
        return data.base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

/// A hash of a query's filter that is the same in every process: FNV-1a, 64 bits.
///
/// It recognises a mistake, a cursor used with another filter. A forged cursor gains nothing: it can only name a place
/// in a list that its sender may read anyway.
struct Fingerprint {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    mutating func add(_ number: UInt64) {
        add((0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
    }

    /// The length goes first, and nil has a length of its own: ("ab", nil) and ("a", "b") differ.
    mutating func add(_ text: String?) {
        add(text.map { UInt64($0.utf8.count) } ?? .max)
        add((text ?? "").utf8)
    }

    mutating func add(_ date: Date?) {
        add(date.map { UInt64(bitPattern: $0.microseconds) } ?? UInt64(bitPattern: .min))
    }
}
