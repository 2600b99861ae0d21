import Results

// Most tests are of queries, not of who asks.

extension FrameQuery {
    init() { self.init(within: .everything) }
}

extension SessionQuery {
    init() { self.init(within: .everything) }
}

extension EventQuery {
    init() { self.init(within: .everything) }
}

extension SummaryQuery {
    init() { self.init(within: .everything) }
}

extension VideoQuery {
    init() { self.init(within: .everything) }
}

extension SeededGenerator {
    /// One time in two everything; else some of the names, perhaps none of them.
    mutating func bounds(drones: [String], missions: [String]) -> Bounds {
        func some(_ names: [String], _ generator: inout SeededGenerator) -> Set<String>? {
            guard Int.random(in: 0..<2, using: &generator) == 0 else { return nil }
            return Set(names.filter { _ in Bool.random(using: &generator) })
        }
        guard Bool.random(using: &self) else { return .everything }
        return Bounds(drones: some(drones, &self), missions: some(missions, &self))
    }
}
