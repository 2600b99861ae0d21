import Crypto
import Foundation

/// Signs calls as Standard Webhooks 1.0.0 has it (symmetric signatures, `v1`).
package struct WebhookSecret: Sendable {
    private let key: Data

    /// `whsec_` and 24 to 64 bytes in base64; nil for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(text.dropFirst(6))),
            (24...64).contains(bytes.count)
        else { return nil }
        key = bytes
    }

    /// The header `webhook-signature`: HMAC-SHA256 of `ID.SECONDS.BODY`.
    package func signature(id: String, seconds: Int, body: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(seconds).\(body)".utf8), using: SymmetricKey(data: key))
        return "v1,\(Data(code).base64EncodedString())"
    }
}
