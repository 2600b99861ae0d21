import Foundation

/// Reads conditions as clients write them, and as the store keeps them.
///
/// Strict: what it does not know, what cannot be, and what is too much is a `ConditionFault` that names the place.
package struct ConditionReader: Sendable {
    /// Conditions of a session.
    package static let mostConditions = 32
    /// Expressions within expressions, and parts of one condition.
    package static let deepest = 8
    package static let mostParts = 64
    private static let day = 0...86_400.0

    /// Of the session's model; nil: any.
    private let classes: [String]?
    /// What is wrong with the address of a webhook; nil: nothing.
    private let complaint: @Sendable (Webhook) -> (member: String, message: String)?

    package init(
        classes: [String]?, complaint: @escaping @Sendable (Webhook) -> (member: String, message: String)?
    ) {
        self.classes = classes
        self.complaint = complaint
    }

    /// What a session's row has; nil where that cannot be read.
    package static func stored(_ json: String) -> ConditionSet? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) else { return nil }
        return try? ConditionReader(classes: nil) { _ in nil }.set(JSONNode(object, path: ""))
    }

    /// An object of `conditions` and `webhook`.
    package func set(_ node: JSONNode) throws(ConditionFault) -> ConditionSet {
        let members = try node.members(["conditions", "webhook"])
        return try set(conditions: members["conditions"], webhook: members["webhook"])
    }

    package func set(conditions: JSONNode?, webhook: JSONNode?) throws(ConditionFault) -> ConditionSet {
        var set = ConditionSet()
        if let webhook { set.webhook = try self.webhook(webhook) }
        for node in try conditions?.items(atMost: Self.mostConditions) ?? [] {
            let condition = try condition(node)
            guard !set.conditions.contains(where: { $0.name == condition.name }) else {
                throw ConditionFault(
                    path: "\(node.path).name", message: "Two conditions are named \"\(condition.name)\".")
            }
            set.conditions.append(condition)
        }
        return set
    }

    private func condition(_ node: JSONNode) throws(ConditionFault) -> Condition {
        let members = try node.members(["name", "when", "hold_off_s", "tell_cleared", "webhook"])
        guard let name = members["name"] else { throw missing("name", of: node) }
        guard let when = members["when"] else { throw missing("when", of: node) }
        var parts = 0
        var condition = Condition(
            name: try name.string(maxBytes: 100), when: try expression(when, depth: 1, parts: &parts))
        if let holdOff = members["hold_off_s"] { condition.holdOffS = try holdOff.number(in: Self.day) }
        if let tells = members["tell_cleared"] { condition.tellsCleared = try tells.bool() }
        if let webhook = members["webhook"] { condition.webhook = try self.webhook(webhook) }
        return condition
    }

    private func webhook(_ node: JSONNode) throws(ConditionFault) -> Webhook {
        let members = try node.members(["url", "secret"])
        guard let url = members["url"] else { throw missing("url", of: node) }
        var webhook = Webhook(url: try url.string(maxBytes: 2000))
        if let secret = members["secret"] { webhook.secret = try secret.string(maxBytes: 200) }
        if let (member, message) = complaint(webhook) {
            throw ConditionFault(path: "\(node.path).\(member)", message: message)
        }
        return webhook
    }

    private func missing(_ member: String, of node: JSONNode) -> ConditionFault {
        ConditionFault(path: "\(node.path).\(member)", message: "\"\(member)\" is missing.")
    }
}

// MARK: - Expressions

extension ConditionReader {
    private static let numbers: [(key: String, measure: ConditionExpression.Measure, range: ClosedRange<Double>)] = [
        ("changed_fraction", .changedFraction, 0...1), ("similarity_mean", .similarityMean, 0...1),
        ("inliers", .inliers, 0...1_000_000), ("gap_ms", .gapMs, 0...86_400_000), ("gap_frames", .gapFrames, 0...1e9),
    ]
    private static let subjects =
        ["fraction", "pixels"] + numbers.map(\.key) + ["registration", "mode", "reason", "all", "any", "not"]
    private static let modes = ["carried", "cold", "propagated", "reset", "stateless"]
    private static let reasons = [
        "client", "gap", "idle", "keyframe-interval", "keyframe-stale", "propagation-none", "registration",
        "registration-identity", "restart", "resume", "size",
    ]

    private func expression(
        _ node: JSONNode, depth: Int, parts: inout Int
    ) throws(ConditionFault) -> ConditionExpression {
        guard depth <= Self.deepest else { throw node.fault("Expressions are nested deeper than \(Self.deepest).") }
        parts += 1
        guard parts <= Self.mostParts else { throw node.fault("A condition has more than \(Self.mostParts) parts.") }
        let members = try node.members(Self.subjects + ["class", "for_s"])
        let named = Self.subjects.filter { members[$0] != nil }
        guard let subject = named.first, named.count == 1 else {
            let what = named.isEmpty ? "says nothing" : "says \(named.joined(separator: " and "))"
            throw node.fault(
                "An expression \(what); it must have exactly one of \(Self.subjects.joined(separator: ", ")).")
        }
        if let name = members["class"], subject != "fraction", subject != "pixels" {
            throw name.fault("\"class\" goes with \"fraction\" or \"pixels\".")
        }
        let plain = try plain(subject, members[subject]!, of: node, className: members["class"], depth, &parts)
        guard let time = members["for_s"] else { return plain }
        let seconds = try time.number(in: Self.day)
        return seconds > 0 ? .held(plain, seconds: seconds) : plain
    }

    private func plain(
        _ subject: String, _ value: JSONNode, of node: JSONNode, className: JSONNode?, _ depth: Int,
        _ parts: inout Int
    ) throws(ConditionFault) -> ConditionExpression {
        switch subject {
        case "fraction": return .compare(.fraction(className: try known(className, node)), try limits(value, 0...1))
        case "pixels": return .compare(.pixels(className: try known(className, node)), try limits(value, 0...1e9))
        case "registration":
            let name = try choice(value, ConditionExpression.Registration.allCases.map(\.rawValue))
            return .registration(.init(rawValue: name)!)
        case "mode": return .mode(try choices(value, Self.modes))
        case "reason": return .reason(try choices(value, Self.reasons))
        case "all": return .all(try several(value, depth, &parts))
        case "any": return .any(try several(value, depth, &parts))
        case "not": return .not(try expression(value, depth: depth + 1, parts: &parts))
        default:
            let number = Self.numbers.first { $0.key == subject }!
            return .compare(number.measure, try limits(value, number.range))
        }
    }

    private func several(
        _ list: JSONNode, _ depth: Int, _ parts: inout Int
    ) throws(ConditionFault) -> [ConditionExpression] {
        var expressions: [ConditionExpression] = []
        for node in try list.items(atMost: Self.mostParts) {
            expressions.append(try expression(node, depth: depth + 1, parts: &parts))
        }
        guard !expressions.isEmpty else { throw list.fault("\"\(list.path)\" is empty.") }
        return expressions
    }

    private func known(_ className: JSONNode?, _ node: JSONNode) throws(ConditionFault) -> String {
        guard let className else { throw missing("class", of: node) }
        let name = try className.string(maxBytes: 200)
        if let classes, !classes.contains(name) {
            throw className.fault(
                "The session's model has no class \"\(name)\"; it has \(classes.joined(separator: ", ")).")
        }
        return name
    }

    private func limits(
        _ node: JSONNode, _ range: ClosedRange<Double>
    ) throws(ConditionFault) -> ConditionExpression.Limits {
        let members = try node.members(ConditionExpression.Comparison.allCases.map(\.rawValue))
        var limits: ConditionExpression.Limits = [:]
        for (name, value) in members { limits[.init(rawValue: name)!] = try value.number(in: range) }
        let lower = limits.filter(\.key.isLower)
        let upper = limits.filter { !$0.key.isLower }
        guard !limits.isEmpty, lower.count <= 1, upper.count <= 1 else {
            throw node.fault(
                "\"\(node.path)\" must have one lower bound (> or >=), one upper (< or <=), or one of each.")
        }
        if let low = lower.first, let high = upper.first,
            low.value > high.value || (low.value == high.value && (low.key == .above || high.key == .below))
        {
            throw node.fault("No number is within the bounds of \"\(node.path)\".")
        }
        return limits
    }

    private func choice(_ node: JSONNode, _ known: [String]) throws(ConditionFault) -> String {
        guard let text = node.value as? String, known.contains(text) else {
            throw node.fault("\"\(node.path)\" can be \(known.joined(separator: ", ")).")
        }
        return text
    }

    /// One of them, or a list.
    private func choices(_ node: JSONNode, _ known: [String]) throws(ConditionFault) -> Set<String> {
        guard node.value is [Any] else { return [try choice(node, known)] }
        var chosen: Set<String> = []
        for item in try node.items(atMost: known.count) { chosen.insert(try choice(item, known)) }
        guard !chosen.isEmpty else { throw node.fault("\"\(node.path)\" is empty.") }
        return chosen
    }
}
