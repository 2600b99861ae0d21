/// One rule of a session: what is to hold, and what is told when it begins to.
package struct Condition: Sendable, Equatable {
    /// Unique in its session.
    package var name: String
    package var when: ConditionExpression
    /// Seconds after it was raised in which it is not raised again.
    package var holdOffS: Double
    /// Whether it is told that it no longer holds.
    package var tellsCleared: Bool
    /// Nil: the session's.
    package var webhook: Webhook?

    package init(
        name: String, when: ConditionExpression, holdOffS: Double = 0, tellsCleared: Bool = false,
        webhook: Webhook? = nil
    ) {
        self.name = name
        self.when = when
        self.holdOffS = holdOffS
        self.tellsCleared = tellsCleared
        self.webhook = webhook
    }
}

/// Where somebody wants to be called.
package struct Webhook: Sendable, Equatable {
    package var url: String
    /// `whsec_` and the key in base64; nil: calls are not signed.
    package var secret: String?

    package init(url: String, secret: String? = nil) {
        self.url = url
        self.secret = secret
    }
}

/// All rules of a session.
package struct ConditionSet: Sendable, Equatable {
    package var conditions: [Condition]
    /// Of those conditions that have none of their own.
    package var webhook: Webhook?

    package init(conditions: [Condition] = [], webhook: Webhook? = nil) {
        self.conditions = conditions
        self.webhook = webhook
    }

    package var isEmpty: Bool { conditions.isEmpty && webhook == nil }

    /// Who is to be called for a condition.
    package func webhook(for condition: Condition) -> Webhook? { condition.webhook ?? webhook }

    /// The same set, where a webhook that names no secret keeps the one that the old set had for the same address: nobody
    /// can read it to give it again.
    package func keepingSecrets(of old: ConditionSet) -> ConditionSet {
        func kept(_ webhook: Webhook?, _ before: Webhook?) -> Webhook? {
            guard var webhook, webhook.secret == nil, webhook.url == before?.url else { return webhook }
            webhook.secret = before?.secret
            return webhook
        }
        var set = self
        set.webhook = kept(webhook, old.webhook)
        for index in set.conditions.indices {
            let before = old.conditions.first { $0.name == set.conditions[index].name }
            set.conditions[index].webhook = kept(set.conditions[index].webhook, before?.webhook)
        }
        return set
    }
}
