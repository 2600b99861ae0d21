extension [PolygonSet.Point] {
    /// The ring with as few of its points as stay within `tolerance` of it (Douglas and Peucker 1973); nil if fewer
    /// than three are left.
    func simplified(tolerance: Double) -> [PolygonSet.Point]? {
        guard count > 3 else { return self }
        // A ring has no ends, so it is cut in two at its first point and the one farthest from that.
        let far = indices.max { squaredDistance(0, $0) < squaredDistance(0, $1) }!
        var kept = [Bool](repeating: false, count: count)
        kept[0] = true
        kept[far] = true
        // Index `count` is the first point again. A stack, because rings may be too long to recurse.
        var pending = [(0, far), (far, count)]
        while let (first, last) = pending.popLast() {
            guard let split = farthest(between: first, last, beyond: tolerance) else { continue }
            kept[split] = true
            pending.append((first, split))
            pending.append((split, last))
        }
        let ring = indices.filter { kept[$0] }.map { self[$0] }
        return ring.count >= 3 ? ring : nil
    }

    private func squaredDistance(_ first: Int, _ second: Int) -> Int {
        let (dx, dy) = (self[first].x - self[second].x, self[first].y - self[second].y)
        return dx * dx + dy * dy
    }

    /// The point between two others that strays most from the segment joining them, if by more than `tolerance`.
    ///
    /// Of several that stray equally the one nearest the middle: the teeth of a comb, cut off one by one, would take a
    /// time that grows with the square of their number.
    private func farthest(between first: Int, _ last: Int, beyond tolerance: Double) -> Int? {
        guard last - first > 1 else { return nil }
        let (start, end) = (self[first], self[last % count])
        let (dx, dy) = (Double(end.x - start.x), Double(end.y - start.y))
        let length = (dx * dx + dy * dy).squareRoot()
        var best: (index: Int, distance: Double, middle: Int)?
        for index in first + 1..<last {
            let (x, y) = (Double(self[index].x - start.x), Double(self[index].y - start.y))
            let along = length > 0 ? Swift.min(Swift.max((x * dx + y * dy) / length, 0), length) : 0
            let (nearX, nearY) = length > 0 ? (along * dx / length, along * dy / length) : (0, 0)
            let distance = ((x - nearX) * (x - nearX) + (y - nearY) * (y - nearY)).squareRoot()
            let middle = abs(2 * index - first - last)
            guard distance > tolerance else { continue }
            if best.map({ ($0.distance, middle) < (distance, $0.middle) }) ?? true { best = (index, distance, middle) }
        }
        return best?.index
    }
}
