/// What is to hold of a frame, or of those that came before it.
///
/// It says what a frame's record says. What a frame has no value of (the similarity of the first one, say) compares as
/// false.
package indirect enum ConditionExpression: Sendable, Equatable {
    case compare(Measure, Limits)
    /// Whether the frame could be registered to the one before; a frame that nobody tried to register is neither.
    case registration(Registration)
    /// One of these modes.
    case mode(Set<String>)
    /// One of these reasons.
    case reason(Set<String>)
    case all([ConditionExpression])
    case any([ConditionExpression])
    case not(ConditionExpression)
    /// It has held in every frame for so many seconds.
    case held(ConditionExpression, seconds: Double)

    package enum Registration: String, Sendable, CaseIterable {
        case lost, ok
    }

    /// A number that a frame's record has.
    package enum Measure: Sendable, Equatable {
        /// Of the frame's pixels, 0…1.
        case fraction(className: String)
        case pixels(className: String)
        case changedFraction, similarityMean, inliers, gapMs, gapFrames
    }

    package enum Comparison: String, Sendable, CaseIterable {
        case above = ">"
        case atLeast = ">="
        case below = "<"
        case atMost = "<="

        var isLower: Bool { self == .above || self == .atLeast }

        func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .above: value > limit
            case .atLeast: value >= limit
            case .below: value < limit
            case .atMost: value <= limit
            }
        }
    }

    /// One bound or two.
    package typealias Limits = [Comparison: Double]

    /// How many parts of it measure a time.
    var heldParts: Int {
        switch self {
        case .compare, .registration, .mode, .reason: 0
        case .all(let parts), .any(let parts): parts.reduce(0) { $0 + $1.heldParts }
        case .not(let part): part.heldParts
        case .held(let part, _): 1 + part.heldParts
        }
    }
}
