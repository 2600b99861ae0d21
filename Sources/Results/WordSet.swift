/// A set of words in 64 bits, each word at the place of its hash.
///
/// It may hold a word that was never put in, never the other way round. Words that Windhover itself writes are few
/// enough to have places of their own.
package struct WordSet: Equatable {
    package private(set) var bits: UInt64 = 0

    package init() {}

    package init(_ words: [String]) {
        for word in words { insert(word) }
    }

    package mutating func insert(_ word: String) {
        bits |= 1 << Self.place(of: word)
    }

    /// Six bits of FNV-1a's 64: those by which the words that Windhover writes differ.
    private static func place(of word: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash >> 21 & 63
    }

    /// As SQLite keeps it.
    var stored: Int64 { Int64(bitPattern: bits) }
}
