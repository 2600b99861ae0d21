/// A cell of the grid of degrees that places are summed up by.
///
/// A fine cell is a thousandth of a degree wide and high, 111 metres from south to north; a coarse one is ten by ten
/// fine ones. A cell has its southern and western edge, its neighbours the others.
struct GridCell: Hashable {
    /// Thousandths of a degree.
    enum Size: Int64, CaseIterable {
        case fine = 1
        case coarse = 10
    }

    var size: Int64
    /// Cells north of the equator, and east of Greenwich.
    var y: Int64
    var x: Int64

    init(size: Size, y: Int64, x: Int64) {
        self.size = size.rawValue
        self.y = y
        self.x = x
    }

    /// The fine cell of a place; nil where no place on earth has these coordinates.
    init?(lat: Double, lon: Double) {
        guard abs(lat) <= 90, abs(lon) <= 180 else { return nil }
        // The pole and the antimeridian belong to the last cells.
        self.init(size: .fine, y: min(Self.index(lat), 89_999), x: min(Self.index(lon), 179_999))
    }

    var coarse: GridCell {
        GridCell(size: .coarse, y: y.floorDivided(by: 10), x: x.floorDivided(by: 10))
    }

    var box: GeoBox {
        let degrees = 1000 / Double(size)
        return GeoBox(
            west: Double(x) / degrees, south: Double(y) / degrees, east: Double(x + 1) / degrees,
            north: Double(y + 1) / degrees)
    }

    /// 49.491 degrees times 1000 is a little less than 49491: an edge that is written with three digits is an edge.
    private static let tolerance = 1e-6

    fileprivate static func index(_ degrees: Double) -> Int64 {
        Int64((degrees * 1000 + tolerance).rounded(.down))
    }

    fileprivate static func lastIndex(before degrees: Double) -> Int64 {
        Int64((degrees * 1000 - tolerance).rounded(.up)) - 1
    }
}

/// Cells that lie side by side.
struct GridRectangle: Equatable {
    var size: GridCell.Size
    var y: ClosedRange<Int64>
    var x: ClosedRange<Int64>

    /// As few cells as cover a box: fine ones along its edges, coarse ones within.
    ///
    /// `size`: cells of this size only.
    static func covering(_ box: GeoBox, size: GridCell.Size? = nil) -> [GridRectangle] {
        let y0 = min(GridCell.index(box.south), 89_999)
        let y = y0...max(y0, GridCell.lastIndex(before: box.north))
        func fine(_ west: Double, _ east: Double) -> GridRectangle {
            let x0 = min(GridCell.index(west), 179_999)
            let cells = GridRectangle(size: .fine, y: y, x: x0...max(x0, GridCell.lastIndex(before: east)))
            return size == .coarse ? cells.coarsened : cells
        }
        var parts = box.crossesAntimeridian ? [fine(box.west, 180), fine(-180, box.east)] : [fine(box.west, box.east)]
        // A box all around the earth, whose ends share a cell: once is enough.
        if parts.count == 2, parts[1].x.upperBound >= parts[0].x.lowerBound {
            parts = [
                GridRectangle(size: parts[0].size, y: parts[0].y, x: parts[1].x.lowerBound...parts[0].x.upperBound)
            ]
        }
        return size == nil ? parts.flatMap(\.split) : parts
    }

    private var coarsened: GridRectangle {
        GridRectangle(
            size: .coarse, y: y.lowerBound.floorDivided(by: 10)...y.upperBound.floorDivided(by: 10),
            x: x.lowerBound.floorDivided(by: 10)...x.upperBound.floorDivided(by: 10))
    }

    /// The coarse cells that lie wholly within, and strips of fine ones around them.
    private var split: [GridRectangle] {
        let (y0, y1) = ((y.lowerBound + 9).floorDivided(by: 10), (y.upperBound + 1).floorDivided(by: 10) - 1)
        let (x0, x1) = ((x.lowerBound + 9).floorDivided(by: 10), (x.upperBound + 1).floorDivided(by: 10) - 1)
        guard y0 <= y1, x0 <= x1 else { return [self] }
        var parts = [GridRectangle(size: .coarse, y: y0...y1, x: x0...x1)]
        func add(_ ys: (Int64, Int64), _ xs: (Int64, Int64)) {
            guard ys.0 <= ys.1, xs.0 <= xs.1 else { return }
            parts.append(GridRectangle(size: .fine, y: ys.0...ys.1, x: xs.0...xs.1))
        }
        add((y.lowerBound, y0 * 10 - 1), (x.lowerBound, x.upperBound))
        add((y1 * 10 + 10, y.upperBound), (x.lowerBound, x.upperBound))
        add((y0 * 10, y1 * 10 + 9), (x.lowerBound, x0 * 10 - 1))
        add((y0 * 10, y1 * 10 + 9), (x1 * 10 + 10, x.upperBound))
        return parts
    }

    /// What they cover.
    var box: GeoBox {
        let first = GridCell(size: size, y: y.lowerBound, x: x.lowerBound).box
        let last = GridCell(size: size, y: y.upperBound, x: x.upperBound).box
        return GeoBox(west: first.west, south: first.south, east: last.east, north: last.north)
    }
}
