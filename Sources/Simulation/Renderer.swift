import Foundation

/// Draws one view of the world: the static ground first, then what moves on it, then what lens and air do.
struct Renderer {
    let world: World
    let width: Int
    let height: Int

    /// The ground as seen, before lens and air: blue in the lowest byte.
    private(set) var colors: [UInt32]
    private(set) var labels: [UInt8]
    let groundToImage: Matrix3
    let imageToGround: Matrix3

    init(world: World, width: Int, height: Int, camera: Camera) {
        self.world = world
        self.width = width
        self.height = height
        colors = [UInt32](repeating: 0, count: width * height)
        labels = [UInt8](repeating: Label.background, count: width * height)
        groundToImage = camera.groundToImage(width: width, height: height)
        imageToGround = groundToImage.inverse
        Self.drawGround(world, imageToGround, width: width, height: height, colors: &colors, labels: &labels)
    }

    /// Pixels in a row that share their sampling pattern.
    private static let run = 8
    private static let sky: UInt32 = 0x00C8_D0D8
    /// Below this the ray passes the horizon; 1 / metres along the optical axis.
    static let horizon = 1 / 2500.0

    /// Samples texture and labels by the inverse homography.
    private static func drawGround(
        _ world: World, _ imageToGround: Matrix3, width: Int, height: Int, colors: inout [UInt32],
        labels: inout [UInt8]
    ) {
        let size = World.texels
        // To texels, centres on integers, and far enough from zero that cutting off decimals rounds down.
        let bias = Double(size) * 64
        let perMetre = 1 / World.texel
        let toTexels =
            Matrix3(SIMD3(perMetre, 0, bias - 0.5), SIMD3(0, perMetre, bias - 0.5), SIMD3(0, 0, 1)) * imageToGround
        let texture = world.texture
        let grain = world.grain
        let mask = size - 1
        world.labels.withUnsafeBufferPointer { ground in
            texture.texels.withUnsafeBufferPointer { texels in
                for y in 0..<height {
                    let py = Double(y)
                    for start in stride(from: 0, to: width, by: run) {
                        let end = min(start + run, width)
                        let pattern = SamplingPattern(
                            toTexels, x: Double(start + end - 1) / 2, y: py, texture: texture)
                        for x in start..<end {
                            let index = y * width + x
                            let (u, v, scale) = toTexels.apply(Double(x), py)
                            guard scale > horizon else {
                                colors[index] = sky
                                continue
                            }
                            labels[index] = ground[(Int(v + 0.5) & mask) * size + (Int(u + 0.5) & mask)]
                            let color = pattern.sample(u, v, texels)
                            colors[index] = pattern.grain > 0 ? grain.roughen(color, u, v, pattern.grain) : color
                        }
                    }
                }
            }
        }
    }

    /// The part of the ground in view: least and greatest metres east and north, no farther than `reach` away.
    func footprint(camera: Camera, reach: Double) -> (x: ClosedRange<Double>, y: ClosedRange<Double>) {
        var x = [camera.x]
        var y = [camera.y]
        for row in [0.0, Double(height - 1)] {
            for column in [0.0, Double(width - 1)] {
                let ground = imageToGround.apply(column, row)
                let isAhead = ground.scale > Self.horizon
                x.append(isAhead ? ground.x : camera.x + reach * (column == 0 ? -1 : 1))
                y.append(isAhead ? ground.y : camera.y + reach * (row == 0 ? 1 : -1))
            }
        }
        func clamp(_ values: [Double], _ middle: Double) -> ClosedRange<Double> {
            let least = max(middle - reach, values.min() ?? middle)
            let most = min(middle + reach, values.max() ?? middle)
            return least...max(least, most)
        }
        return (clamp(x, camera.x), clamp(y, camera.y))
    }

    /// Draws a moving thing, in ground coordinates, over the pixels that it and its shadow may touch.
    ///
    /// `color` and `shadow` take metres from its middle. Tree crowns and roofs hide what drives or walks below them.
    mutating func draw(
        x: Double, y: Double, reach: Double, label: UInt8, color: (Float, Float) -> Color?,
        shadow: (Float, Float) -> Bool
    ) {
        let margin = reach + 2.5
        var left = Double.infinity
        var right = -Double.infinity
        var top = Double.infinity
        var bottom = -Double.infinity
        for (dx, dy) in [(-margin, -margin), (-margin, margin), (margin, -margin), (margin, margin)] {
            let corner = groundToImage.apply(x + dx, y + dy)
            guard corner.scale > 0.5 else { return }
            left = min(left, corner.x)
            right = max(right, corner.x)
            top = min(top, corner.y)
            bottom = max(bottom, corner.y)
        }
        guard left < Double(width), right > -1, top < Double(height), bottom > -1 else { return }
        let columns = max(0, Int(left))...min(width - 1, Int(max(0, right)) + 1)
        let rows = max(0, Int(top))...min(height - 1, Int(max(0, bottom)) + 1)
        for row in rows {
            for column in columns {
                blend(column, row, x, y, margin, label, color, shadow)
            }
        }
    }

    private mutating func blend(
        _ column: Int, _ row: Int, _ x: Double, _ y: Double, _ margin: Double, _ label: UInt8,
        _ color: (Float, Float) -> Color?, _ shadow: (Float, Float) -> Bool
    ) {
        let index = row * width + column
        let covered = labels[index]
        guard covered != Label.tree, covered != Label.building else { return }
        let middle = imageToGround.apply(Double(column), Double(row))
        let distance = (middle.x - x) * (middle.x - x) + (middle.y - y) * (middle.y - y)
        guard distance < margin * margin else { return }
        let under = Color(packed: colors[index])
        var sum = Color(repeating: 0)
        for quarter in 0..<4 {
            let (dx, dy) = (quarter & 1 == 0 ? -0.25 : 0.25, quarter & 2 == 0 ? -0.25 : 0.25)
            let ground = imageToGround.apply(Double(column) + dx, Double(row) + dy)
            let (east, north) = (Float(ground.x - x), Float(ground.y - y))
            if let top = color(east, north) {
                sum += top
            } else {
                sum += shadow(east, north) ? under * 0.56 : under
            }
        }
        colors[index] = (sum * 0.25).packed
        if color(Float(middle.x - x), Float(middle.y - y)) != nil {
            labels[index] = label
        }
    }
}
