import Foundation

// The form that `ConditionReader` reads.

extension ConditionSet {
    /// For the store: secrets in it.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A tree of plain values: encoding cannot fail.
        return String(decoding: (try? encoder.encode(Form(set: self))) ?? Data("{}".utf8), as: UTF8.self)
    }

    private struct Form: Encodable {
        let set: ConditionSet

        func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Name.self)
            try out.encode(
                set.conditions.map { Condition.Form(condition: $0, showsSecret: true) }, forKey: "conditions")
            try out.encodeIfPresent(set.webhook.map { Webhook.Form(webhook: $0, showsSecret: true) }, forKey: "webhook")
        }
    }
}

extension Condition {
    /// As it is read.
    ///
    /// `showsSecret`: for the store alone.
    package struct Form: Encodable {
        let condition: Condition
        let showsSecret: Bool

        package init(condition: Condition, showsSecret: Bool = false) {
            self.condition = condition
            self.showsSecret = showsSecret
        }

        package func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Name.self)
            try out.encode(condition.name, forKey: "name")
            try out.encode(condition.when, forKey: "when")
            try out.encode(condition.holdOffS, forKey: "hold_off_s")
            try out.encode(condition.tellsCleared, forKey: "tell_cleared")
            try out.encodeIfPresent(
                condition.webhook.map { Webhook.Form(webhook: $0, showsSecret: showsSecret) }, forKey: "webhook")
        }
    }
}

extension Webhook {
    /// As it is read.
    package struct Form: Encodable {
        let webhook: Webhook
        let showsSecret: Bool

        package init(webhook: Webhook, showsSecret: Bool = false) {
            self.webhook = webhook
            self.showsSecret = showsSecret
        }

        package func encode(to encoder: any Encoder) throws {
            var out = encoder.container(keyedBy: Name.self)
            try out.encode(webhook.url, forKey: "url")
            if showsSecret { try out.encodeIfPresent(webhook.secret, forKey: "secret") }
        }
    }
}

extension ConditionExpression: Encodable {
    package func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Name.self)
        try encode(into: &out)
    }

    private func encode(into out: inout KeyedEncodingContainer<Name>) throws {
        switch self {
        case .compare(let measure, let limits):
            if let name = measure.className { try out.encode(name, forKey: "class") }
            let named = Dictionary(uniqueKeysWithValues: limits.map { ($0.key.rawValue, $0.value) })
            try out.encode(named, forKey: Name(stringValue: measure.key))
        case .registration(let state): try out.encode(state.rawValue, forKey: "registration")
        case .mode(let modes): try out.encode(modes.sorted(), forKey: "mode")
        case .reason(let reasons): try out.encode(reasons.sorted(), forKey: "reason")
        case .all(let parts): try out.encode(parts, forKey: "all")
        case .any(let parts): try out.encode(parts, forKey: "any")
        case .not(let part): try out.encode(part, forKey: "not")
        case .held(let part, let seconds):
            try part.encode(into: &out)
            try out.encode(seconds, forKey: "for_s")
        }
    }
}

extension ConditionExpression.Measure {
    var className: String? {
        switch self {
        case .fraction(let name), .pixels(let name): name
        default: nil
        }
    }

    /// The member that names it, as in a frame's record.
    var key: String {
        switch self {
        case .fraction: "fraction"
        case .pixels: "pixels"
        case .changedFraction: "changed_fraction"
        case .similarityMean: "similarity_mean"
        case .inliers: "inliers"
        case .gapMs: "gap_ms"
        case .gapFrames: "gap_frames"
        }
    }
}

/// A member by its name.
private struct Name: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init(stringLiteral value: String) { stringValue = value }
    init?(intValue: Int) { nil }
}
