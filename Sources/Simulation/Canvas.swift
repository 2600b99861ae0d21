import Foundation

/// The ground while it is being painted: colours, labels and shade of a square that repeats in both directions.
struct Canvas {
    let size = World.texels
    private(set) var colors: [UInt32]
    private(set) var labels: [UInt8]
    /// How much light a shadow takes away, in 1/256.
    private var shade: [UInt8]

    init() {
        colors = [UInt32](repeating: 0, count: size * size)
        labels = [UInt8](repeating: Label.background, count: size * size)
        shade = [UInt8](repeating: 0, count: size * size)
    }

    /// Paints every texel: `pixel` gets column and row and gives colour and label.
    mutating func fill(_ pixel: (Int, Int) -> (Color, UInt8)) {
        for row in 0..<size {
            for column in 0..<size {
                let (color, label) = pixel(column, row)
                colors[row * size + column] = color.packed
                labels[row * size + column] = label
            }
        }
    }

    /// Covers texels within `reach` metres of a place with an object.
    ///
    /// `pixel` takes metres east and north of the place and gives nil where the object is not.
    mutating func cover(x: Double, y: Double, reach: Double, label: UInt8, _ pixel: (Float, Float) -> Color?) {
        let columns = Self.texels(around: x, reach: reach)
        for row in Self.texels(around: y, reach: reach) {
            let dy = Self.offset(of: row, from: y)
            for column in columns {
                if let color = pixel(Self.offset(of: column, from: x), dy) {
                    let index = index(column, row)
                    colors[index] = color.packed
                    labels[index] = label
                }
            }
        }
    }

    /// Darkens texels within `reach` metres of a place; overlapping shadows do not add up.
    mutating func cast(x: Double, y: Double, reach: Double, strength: UInt8, _ inside: (Float, Float) -> Bool) {
        let columns = Self.texels(around: x, reach: reach)
        for row in Self.texels(around: y, reach: reach) {
            let dy = Self.offset(of: row, from: y)
            for column in columns where inside(Self.offset(of: column, from: x), dy) {
                let index = index(column, row)
                shade[index] = max(shade[index], strength)
            }
        }
    }

    private static func texels(around place: Double, reach: Double) -> ClosedRange<Int> {
        Int(((place - reach) / World.texel).rounded(.down))...Int(((place + reach) / World.texel).rounded(.up))
    }

    private static func offset(of texel: Int, from place: Double) -> Float {
        Float((Double(texel) + 0.5) * World.texel - place)
    }

    private func index(_ column: Int, _ row: Int) -> Int {
        (row & (size - 1)) * size + (column & (size - 1))
    }

    /// Lets the shadows cast so far fall on what is painted so far.
    ///
    /// Shadows are lit by the sky, hence bluish.
    mutating func develop() {
        for index in shade.indices where shade[index] > 0 {
            let keep = 256 - UInt32(shade[index])
            let color = colors[index]
            let red = ((color >> 16 & 255) * keep) >> 8
            let green = ((color >> 8 & 255) * (keep + 4)) >> 8
            let blue = ((color & 255) * min(256, keep + 20)) >> 8
            colors[index] = red << 16 | min(255, green) << 8 | blue
            shade[index] = 0
        }
    }

    /// Whether a place has a label.
    func label(x: Double, y: Double) -> UInt8 {
        let column = Int((x / World.texel).rounded(.down))
        let row = Int((y / World.texel).rounded(.down))
        return labels[index(column, row)]
    }
}
