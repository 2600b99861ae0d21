import Conditions
import Foundation
import Webhooks

/// Conditions as a request gives them.
struct ConditionRequest {
    /// Which addresses webhooks may have.
    let policy: TargetPolicy

    /// `model`'s classes are the ones that there are; a member of `body` that is absent is empty.
    func read(conditions: JSONNode?, webhook: JSONNode?, classes: [String]) throws(Problem) -> ConditionSet {
        let reader = ConditionReader(classes: classes) { [policy] webhook in
            if webhook.secret.map({ WebhookSecret($0) == nil }) == true {
                return ("secret", "A secret is \"whsec_\" and 24 to 64 random bytes in base64.")
            }
            do {
                _ = try policy.target(webhook.url)
                return nil
            } catch {
                return ("url", "The URL cannot be called: \(error).")
            }
        }
        do {
            return try reader.set(conditions: conditions, webhook: webhook)
        } catch {
            throw .invalid(error.path, error.message)
        }
    }

    func read(_ bytes: [UInt8], classes: [String]) throws(Problem) -> ConditionSet {
        guard let parsed = try? JSONSerialization.jsonObject(with: Data(bytes)) else {
            throw .invalid("body", "The body is not JSON.")
        }
        guard parsed is [String: Any] else { throw .invalid("body", "The body is not a JSON object.") }
        let members: [String: JSONNode]
        do {
            members = try JSONNode(parsed, path: "").members(["conditions", "webhook"])
        } catch {
            throw .invalid(error.path, error.message)
        }
        guard let conditions = members["conditions"] else {
            throw .invalid("conditions", "\"conditions\" is missing: they are replaced as a whole.")
        }
        return try read(conditions: conditions, webhook: members["webhook"], classes: classes)
    }
}
