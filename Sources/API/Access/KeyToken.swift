import Crypto

/// A key as its holder has it: `wh_` ID `_` SECRET CHECK, in digits and letters, so that a double click takes all of it.
///
/// Eight public characters name the key. 43 random ones, together more than 256 bits, are its secret. The last six
/// follow from the rest: whoever looks for keys that leaked knows one without asking, and a mistyped one is told apart
/// from one that is wrong.
///
/// As a pattern: `wh_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}`.
package struct KeyToken: Sendable, Equatable {
    package let id: String
    package let text: String

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    private static let (prefix, idLength, secretLength, checkLength) = ("wh_", 8, 43, 6)

    /// A new one, from the system's random numbers.
    package init() {
        var generator = SystemRandomNumberGenerator()
        func letters(_ count: Int) -> String {
            String((0..<count).map { _ in Self.alphabet.randomElement(using: &generator)! })
        }
        id = letters(Self.idLength)
        let open = "\(Self.prefix)\(id)_\(letters(Self.secretLength))"
        text = open + Self.check(open)
    }

    /// Nil: it is no key of this form, or was not copied whole.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard text.utf8.count == Self.prefix.count + Self.idLength + 1 + Self.secretLength + Self.checkLength,
            parts.count == 3, "\(parts[0])_" == Self.prefix, parts[1].count == Self.idLength,
            text.unicodeScalars.allSatisfy({ $0.isASCII }),
            parts[2].suffix(Self.checkLength) == Self.check(String(text.dropLast(Self.checkLength)))
        else { return nil }
        id = String(parts[1])
        self.text = text
    }

    /// What the store keeps of it.
    ///
    /// SHA-256 is enough: the secret is random and cannot be tried out, as a password can.
    package var digest: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

    /// Whether this is what the digest was made of; takes the same time whatever is wrong.
    package func matches(_ digest: [UInt8]) -> Bool { SHA256.hash(data: Array(text.utf8)) == digest }

    private static func check(_ text: String) -> String {
        var number = SHA256.hash(data: Array(text.utf8)).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var digits: [Character] = []
        for _ in 0..<checkLength {
            digits.append(alphabet[Int(number % 62)])
            number /= 62
        }
        return String(digits)
    }
}
