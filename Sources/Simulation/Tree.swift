import Foundation

/// A tree's crown and its shadow.
struct Tree: Sendable {
    var x: Double
    var y: Double
    /// Metres.
    var radius: Float
    var color: Color
    var isConifer: Bool
    /// Shifts the noise that forms the leaves.
    var variant: Int

    func paintShadow(on canvas: inout Canvas, light: Light, fine: NoiseTile) {
        let shift = light.shadow * radius * 1.1
        canvas.cast(
            x: x + Double(shift.x), y: y + Double(shift.y), reach: Double(radius) * 1.2, strength: 105
        ) { dx, dy in
            outline(dx, dy, fine) < 1
        }
    }

    func paint(on canvas: inout Canvas, light: Light, fine: NoiseTile) {
        canvas.cover(x: x, y: y, reach: Double(radius) * 1.2, label: Label.tree) { dx, dy in
            let distance = outline(dx, dy, fine)
            guard distance < 1 else { return nil }
            let up = (1 - distance * distance).squareRoot()
            let normal = SIMD3(dx / radius, dy / radius, isConifer ? 0.7 : up)
            let lit = max(0, (normal * light.sun).sum() / (normal * normal).sum().squareRoot())
            let leaf = fine[Int((dx + 30) * 10) + variant, Int((dy + 30) * 10) + variant &* 3]
            // Clumps of leaves: noise at a third of the scale carves dark hollows.
            let clump = fine[Int((dx + 30) * 3.3) + variant &* 5, Int((dy + 30) * 3.3) + variant]
            let hollow: Float = clump < -0.35 ? 0.72 : 1
            return color * ((0.5 + 0.72 * lit + 0.2 * leaf + 0.14 * clump) * hollow) + Color(8, 10, 2) * lit
        }
    }

    /// 0 at the trunk, 1 at the ragged edge of the crown.
    private func outline(_ dx: Float, _ dy: Float, _ fine: NoiseTile) -> Float {
        let distance = (dx * dx + dy * dy).squareRoot() / radius
        guard distance < 1.2 else { return 2 }
        let ragged = fine[Int((dx + 30) * 4) + variant &* 7, Int((dy + 30) * 4) + variant]
        return distance + (isConifer ? 0.1 : 0.16) * ragged
    }
}
