import Foundation
import Testing
import Webhooks

@Suite struct WebhookSecretTests {
    /// Computed with Python's hmac, of the same words.
    @Test func `signatures are those of Standard Webhooks`() throws {
        let secret = try #require(WebhookSecret("whsec_" + Data((0..<32).map { UInt8($0) }).base64EncodedString()))
        #expect(
            secret.signature(id: "msg_1", seconds: 1_674_087_231, body: #"{"a":"ä"}"#)
                == "v1,pMMp1WJiy9sXjbx4BwXI5+LucEZC6XagYou19OUtstY=")
    }

    @Test(
        "A secret that is too short, too long or no base64 is none",
        arguments: ["", "whsec_", "whsec_!!!!", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="])
    func none(text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test func `it has 24 to 64 bytes`() {
        for (count, isOne) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = "whsec_" + Data(repeating: 7, count: count).base64EncodedString()
            #expect((WebhookSecret(text) != nil) == isOne)
        }
    }
}
