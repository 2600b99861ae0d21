/// A line in which those who are urgent go first, but not for ever: after three of them it is the turn of whoever has
/// waited longest.
package struct UrgencyLine<Element> {
    /// Urgent ones that go before one that has waited longer.
    package static var patience: Int { 3 }

    private var places: [(element: Element, isUrgent: Bool)] = []
    private var overtakers = 0

    package init() {}

    package var count: Int { places.count }

    package mutating func append(_ element: Element, isUrgent: Bool) {
        places.append((element, isUrgent))
    }

    /// Who is next; nil where nobody waits.
    package mutating func popFirst() -> Element? {
        guard !places.isEmpty else { return nil }
        let index = overtakers < Self.patience ? places.firstIndex { $0.isUrgent } ?? 0 : 0
        overtakers = index > 0 ? overtakers + 1 : 0
        return places.remove(at: index).element
    }
}
