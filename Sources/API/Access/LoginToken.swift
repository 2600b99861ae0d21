import Crypto
import Foundation

/// What a browser shows instead of a key: a time until which it is good, signed with what only the server and perhaps
/// the key's holder know.
///
/// Nothing is kept of it: it outlives a restart, and goes with its key.
package enum LoginToken {
    package static let lifetime: TimeInterval = 12 * 3600

    /// `TIME.SIGNATURE`, in digits and letters.
    package static func make(key: [UInt8], expires: Date) -> String {
        let time = String(Int(expires.timeIntervalSince1970))
        return "\(time).\(signature(of: time, key: key).map { String(format: "%02x", $0) }.joined())"
    }

    package static func isGood(_ token: String, key: [UInt8], at now: Date) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int(parts[0]), String(time) == parts[0],
            Double(time) > now.timeIntervalSince1970, let signature = bytes(hex: parts[1])
        else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: message(String(time)), using: .init(data: key))
    }

    private static func signature(of time: String, key: [UInt8]) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: message(time), using: .init(data: key))
    }

    /// Names its purpose, so that no other signature with the key can be taken for it.
    private static func message(_ time: String) -> [UInt8] { Array("windhover login until \(time)".utf8) }

    private static func bytes(hex: Substring) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
