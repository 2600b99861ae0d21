/// A figure, and what it is to be.
package struct Goal: Sendable, Equatable, Encodable {
    package enum Bound: Sendable, Equatable {
        case atMost(Double)
        case atLeast(Double)
    }

    package let name: String
    package let value: Double
    package let bound: Bound

    package init(_ name: String, _ value: Double, _ bound: Bound) {
        self.name = name
        self.value = value
        self.bound = bound
    }

    package var isMet: Bool {
        switch bound {
        case .atMost(let limit): value <= limit
        case .atLeast(let limit): value >= limit
        }
    }

    private enum Key: String, CodingKey {
        case name, value, met
        case atMost = "at_most"
        case atLeast = "at_least"
    }

    package func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(name, forKey: .name)
        try out.encode(value, forKey: .value)
        try out.encode(isMet, forKey: .met)
        switch bound {
        case .atMost(let limit): try out.encode(limit, forKey: .atMost)
        case .atLeast(let limit): try out.encode(limit, forKey: .atLeast)
        }
    }
}
