import Conditions
import Foundation
import Testing

@Suite struct ConditionReaderTests {
    private static let reader = ConditionReader(classes: ["ground", "person"]) { webhook in
        webhook.url.contains("10.0.0.1") ? ("url", "not allowed") : nil
    }

    private static func read(_ json: String) throws -> ConditionSet {
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8))
        return try reader.set(JSONNode(object, path: ""))
    }

    /// A document with one condition that says `when`.
    private static func document(_ when: String) -> String {
        #"{"conditions": [{"name": "x", "when": \#(when)}]}"#
    }

    @Test(
        "Every form is read, and written as it was read",
        arguments: [
            #"{"class":"person","fraction":{">":0.001}}"#,
            #"{"class":"person","pixels":{"<":900,">=":400}}"#,
            #"{"changed_fraction":{">":0.2},"for_s":1.5}"#,
            #"{"similarity_mean":{"<":0.4}}"#,
            #"{"inliers":{"<=":40}}"#,
            #"{"gap_ms":{">":500}}"#,
            #"{"gap_frames":{">=":1}}"#,
            #"{"for_s":2,"registration":"lost"}"#,
            #"{"registration":"ok"}"#,
            #"{"mode":["cold","reset"]}"#,
            #"{"reason":["gap"]}"#,
            #"{"all":[{"not":{"registration":"ok"}},{"any":[{"mode":["reset"]},{"inliers":{"<":9},"for_s":3}]}],"for_s":5}"#,
        ])
    func forms(when: String) throws {
        let set = try Self.read(Self.document(when))
        #expect(ConditionReader.stored(set.json) == set)
        let written = try JSONSerialization.jsonObject(with: Data(set.json.utf8)) as? [String: Any]
        let condition = try #require((written?["conditions"] as? [[String: Any]])?.first)
        let expected = try JSONSerialization.jsonObject(with: Data(when.utf8)) as? NSDictionary
        #expect(condition["when"] as? NSDictionary == expected)
    }

    @Test func `one mode may stand without a list, and no time is none`() throws {
        let one = try Self.read(Self.document(#"{"mode": "reset", "for_s": 0}"#))
        #expect(try one == Self.read(Self.document(#"{"mode": ["reset"]}"#)))
    }

    @Test func `what a condition says beside its expression is read and written`() throws {
        let json = """
            {"conditions": [{"name": "a", "when": {"mode": "reset"}, "hold_off_s": 30, "tell_cleared": true,
              "webhook": {"url": "https://a.example/x", "secret": "whsec_abc"}}, {"name": "b", "when": {"mode": "cold"}}],
             "webhook": {"url": "https://b.example/"}}
            """
        let set = try Self.read(json)
        #expect(set.conditions[0].holdOffS == 30 && set.conditions[0].tellsCleared)
        #expect(set.webhook(for: set.conditions[0]) == Webhook(url: "https://a.example/x", secret: "whsec_abc"))
        #expect(set.webhook(for: set.conditions[1]) == Webhook(url: "https://b.example/"))
        #expect(set.conditions[1].holdOffS == 0 && !set.conditions[1].tellsCleared)
        #expect(ConditionReader.stored(set.json) == set)
        // For clients there are no secrets.
        let shown = try JSONEncoder().encode(set.conditions.map { Condition.Form(condition: $0) })
        #expect(!String(decoding: shown, as: UTF8.self).contains("whsec"))
    }

    @Test(
        "What is wrong is named by its place",
        arguments: [
            (#"{"class": "persn", "fraction": {">": 0.1}}"#, "conditions[0].when.class", "ground, person"),
            (#"{"fraction": {">": 0.1}}"#, "conditions[0].when.class", "missing"),
            (#"{"class": "person", "mode": "reset"}"#, "conditions[0].when.class", "fraction"),
            (#"{"class": "person", "fraction": {">": 5}}"#, "conditions[0].when.fraction.>", "0 to 1"),
            (#"{"class": "person", "fraction": {"=>": 0.5}}"#, "conditions[0].when.fraction.=>", ">="),
            (#"{"class": "person", "fraction": 0.5}"#, "conditions[0].when.fraction", "object"),
            (#"{"changed_fraction": {}}"#, "conditions[0].when.changed_fraction", "bound"),
            (#"{"changed_fraction": {">": 0.1, ">=": 0.2}}"#, "conditions[0].when.changed_fraction", "bound"),
            (#"{"changed_fraction": {">": 0.2, "<": 0.1}}"#, "conditions[0].when.changed_fraction", "No number"),
            (#"{"changed_fraction": {">": 0.2, "<=": 0.2}}"#, "conditions[0].when.changed_fraction", "No number"),
            (#"{"inliers": {"<": true}}"#, "conditions[0].when.inliers.<", "number"),
            (#"{"inliers": {"<": "9"}}"#, "conditions[0].when.inliers.<", "number"),
            (#"{"registration": "gone"}"#, "conditions[0].when.registration", "lost, ok"),
            (#"{"mode": []}"#, "conditions[0].when.mode", "empty"),
            (#"{"reason": ["gap", "late"]}"#, "conditions[0].when.reason[1]", "restart"),
            (#"{}"#, "conditions[0].when", "exactly one"),
            (#"{"mode": "reset", "reason": "gap"}"#, "conditions[0].when", "mode and reason"),
            (#"{"mode": "reset", "when": 1}"#, "conditions[0].when.when", "Unknown"),
            (#"{"mode": "reset", "for_s": -1}"#, "conditions[0].when.for_s", "0 to 86400"),
            (#"{"all": []}"#, "conditions[0].when.all", "empty"),
            (#"{"all": {"mode": "reset"}}"#, "conditions[0].when.all", "list"),
            (#"{"any": [{"mode": "reset"}, {"not": {"mood": "x"}}]}"#, "conditions[0].when.any[1].not.mood", "Unknown"),
            (#""mode""#, "conditions[0].when", "object"),
        ])
    func faults(when: String, path: String, word: String) throws {
        let fault = #expect(throws: ConditionFault.self) { try Self.read(Self.document(when)) }
        #expect(fault?.path == path)
        #expect(fault?.message.contains(word) == true, "\(fault?.message ?? "")")
    }

    @Test(
        "So is what is wrong beside the expression",
        arguments: [
            (#"{"conditions": {}}"#, "conditions"),
            (#"{"conditions": [], "hooks": 1}"#, "hooks"),
            (#"{"conditions": [{"when": {"mode": "reset"}}]}"#, "conditions[0].name"),
            (#"{"conditions": [{"name": "", "when": {"mode": "reset"}}]}"#, "conditions[0].name"),
            (#"{"conditions": [{"name": "a\u0007", "when": {"mode": "reset"}}]}"#, "conditions[0].name"),
            (#"{"conditions": [{"name": "a"}]}"#, "conditions[0].when"),
            (
                #"{"conditions": [{"name": "a", "when": {"mode": "reset"}, "tell_cleared": 1}]}"#,
                "conditions[0].tell_cleared"
            ),
            (
                #"{"conditions": [{"name": "a", "when": {"mode": "reset"}, "hold_off_s": 1e9}]}"#,
                "conditions[0].hold_off_s"
            ),
            (
                #"{"conditions": [{"name": "a", "when": {"mode": "reset"}, "webhook": {}}]}"#,
                "conditions[0].webhook.url"
            ),
            (#"{"conditions": [], "webhook": {"url": "http://10.0.0.1/"}}"#, "webhook.url"),
            (#"{"conditions": [], "webhook": {"url": "http://a.example/", "key": "x"}}"#, "webhook.key"),
            (
                #"{"conditions": [{"name": "a", "when": {"mode": "reset"}}, {"name": "a", "when": {"mode": "cold"}}]}"#,
                "conditions[1].name"
            ),
        ])
    func faultsOutside(json: String, path: String) throws {
        let fault = #expect(throws: ConditionFault.self) { try Self.read(json) }
        #expect(fault?.path == path)
    }

    @Test func `there is a most of conditions, of depth and of parts`() throws {
        func conditions(_ count: Int) -> String {
            let all = (0..<count).map { #"{"name": "c\#($0)", "when": {"mode": "reset"}}"# }
            return #"{"conditions": [\#(all.joined(separator: ","))]}"#
        }
        #expect(try Self.read(conditions(32)).conditions.count == 32)
        #expect(throws: ConditionFault.self) { try Self.read(conditions(33)) }

        func nested(_ depth: Int) -> String {
            Self.document(
                String(repeating: #"{"not": "#, count: depth - 1) + #"{"mode": "reset"}"#
                    + String(repeating: "}", count: depth - 1))
        }
        _ = try Self.read(nested(8))
        #expect(throws: ConditionFault.self) { try Self.read(nested(9)) }

        func wide(_ parts: Int) -> String {
            Self.document(
                #"{"all": ["# + repeatElement(#"{"mode": "reset"}"#, count: parts - 1).joined(separator: ",") + "]}")
        }
        _ = try Self.read(wide(64))
        #expect(throws: ConditionFault.self) { try Self.read(wide(65)) }
    }

    @Test func `a webhook that names no secret keeps the one that there was for the same URL`() throws {
        func set(_ url: String, _ secret: String?) -> ConditionSet {
            ConditionSet(
                conditions: [
                    Condition(name: "a", when: .mode(["reset"]), webhook: Webhook(url: url, secret: secret))
                ], webhook: Webhook(url: url, secret: secret))
        }
        let old = set("https://a.example/", "old")
        #expect(set("https://a.example/", nil).keepingSecrets(of: old) == old)
        #expect(set("https://a.example/", "new").keepingSecrets(of: old) == set("https://a.example/", "new"))
        // It is nobody else's.
        #expect(set("https://b.example/", nil).keepingSecrets(of: old) == set("https://b.example/", nil))
    }
}
