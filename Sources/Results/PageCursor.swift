import Crypto
import Foundation
import GRDB

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

    /// Where the first page of frames starts.
    init(startOf query: FrameQuery) {
        switch query.order {
        case .newestFirst: self.init(before: query.to)
        case .oldestFirst: self.init(microseconds: query.from?.microseconds ?? .min, key: .min)
        }
    }

    /// The same, behind the frame that the query names; nil: there is no such frame.
    init?(startOf query: FrameQuery, _ db: Database) throws {
        guard let id = query.after else {
            self.init(startOf: query)
            return
        }
        let sql = "SELECT captured_us, key FROM frame WHERE id = ?"
        guard let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: [id]) else { return nil }
        self.init(microseconds: row[0], key: row[1])
    }

    init(_ place: FrameSearch.Place) {
        self.init(microseconds: place.microseconds, key: place.key)
    }

    init(microseconds: Int64, key: Int64) {
        self.microseconds = microseconds
        self.key = key
    }

    /// Reads a cursor that `text(for:sealedWith:)` wrote.
    ///
    /// Throws `StoreError.badCursor` for anything else.
    init(_ text: String, for filter: Fingerprint, sealedWith seal: CursorSeal) throws {
        let data = try seal.open(text)
        guard data.count == 24 else { throw StoreError.badCursor }
        let words = (0..<3).map { word in data[word * 8..<word * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        guard words[2] == filter.value else { throw StoreError.badCursor }
        self.init(microseconds: Int64(bitPattern: words[0]), key: Int64(bitPattern: words[1]))
    }

    func text(for filter: Fingerprint, sealedWith seal: CursorSeal) -> String {
        let words = [UInt64(bitPattern: microseconds), UInt64(bitPattern: key), filter.value]
        return seal.close(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - $0 * 8)) } })
    }
}

/// Makes cursors that only this store can have made: HMAC (RFC 2104) with SHA-256, cut to 128 bits, after the bytes.
///
/// So a cursor is what a list gave out, or nothing: nobody can build one that asks for what no list would.
struct CursorSeal: Sendable {
    private static let length = 16
    private let key: [UInt8]

    /// `secret`: the data folder's, which signs other things too: the key is derived from it (RFC 5869).
    init(secret: [UInt8]) {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Data("cursor".utf8), outputByteCount: 32)
        key = derived.withUnsafeBytes { Array($0) }
    }

    /// base64url without padding (RFC 4648, section 5): fits into a URL as it is.
    func close(_ bytes: [UInt8]) -> String {
        Data(bytes + code(of: bytes)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Throws `StoreError.badCursor` for what `close` did not make.
    func open(_ text: String) throws -> [UInt8] {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), data.count >= Self.length else { throw StoreError.badCursor }
        let bytes = Array(data.dropLast(Self.length))
        // One way to write each cursor; and compared in constant time, or the code could be found byte by byte.
        let differences = zip(code(of: bytes), data.suffix(Self.length)).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard differences == 0, close(bytes) == text else { throw StoreError.badCursor }
        return bytes
    }

    private func code(of bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)).prefix(Self.length))
    }
}

/// A hash of a query's filter that is the same in every process: FNV-1a, 64 bits.
///
/// It recognises a mistake: a cursor used with another filter.
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

    mutating func add(_ texts: [String]) {
        add(UInt64(texts.count))
        for text in texts { add(text) }
    }

    /// Nil is no number.
    mutating func add(_ number: UInt64?) {
        add(UInt64(number == nil ? 0 : 1))
        if let number { add(number) }
    }
}
