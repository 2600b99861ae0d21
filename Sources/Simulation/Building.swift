import Foundation

/// A house: where it stands, its walls' outline and its roof.
struct Building: Sendable {
    enum Roof: Sendable { case gable, hip, flat }

    var x: Double
    var y: Double
    /// Direction of the long side, radians counter-clockwise from east.
    var angle: Double
    /// Half the length and half the width in metres; length ≥ width.
    var half: SIMD2<Float>
    var height: Float
    var roof: Roof
    var color: Color
    /// Distinguishes chimneys, panels and roof lights.
    var variant: Int

    var reach: Double { Double((half * half).sum().squareRoot()) + 0.2 }

    func paintShadow(on canvas: inout Canvas, light: Light) {
        let shift = light.shadow * height
        let axis = SIMD2(Float(cos(angle)), Float(sin(angle)))
        let local = SIMD2((shift * axis).sum(), shift.y * axis.x - shift.x * axis.y)
        let long = Double((shift * shift).sum().squareRoot())
        canvas.cast(x: x, y: y, reach: reach + long, strength: 120) { dx, dy in
            let place = SIMD2(dx * axis.x + dy * axis.y, dy * axis.x - dx * axis.y)
            return sweeps(place, local)
        }
    }

    /// Whether the outline, moved by any part of `shift`, covers a place: a segment against a box, slab by slab.
    private func sweeps(_ place: SIMD2<Float>, _ shift: SIMD2<Float>) -> Bool {
        var enter: Float = 0
        var leave: Float = 1
        for axis in 0..<2 {
            if abs(shift[axis]) < 1e-4 {
                if abs(place[axis]) > half[axis] { return false }
                continue
            }
            let a = (place[axis] - half[axis]) / shift[axis]
            let b = (place[axis] + half[axis]) / shift[axis]
            enter = max(enter, min(a, b))
            leave = min(leave, max(a, b))
        }
        return enter <= leave
    }

    func paint(on canvas: inout Canvas, light: Light, fine: NoiseTile) {
        let axis = SIMD2(Float(cos(angle)), Float(sin(angle)))
        let sun = SIMD2(
            light.sun.x * axis.x + light.sun.y * axis.y, light.sun.y * axis.x - light.sun.x * axis.y)
        canvas.cover(x: x, y: y, reach: reach, label: Label.building) { dx, dy in
            let place = SIMD2(dx * axis.x + dy * axis.y, dy * axis.x - dx * axis.y)
            guard abs(place.x) <= half.x, abs(place.y) <= half.y else { return nil }
            let noise = fine[Int((place.x + 60) * 10) + variant * 37, Int((place.y + 60) * 10) + variant * 11]
            switch roof {
            case .flat: return flat(place, sun, noise)
            case .gable, .hip: return pitched(place, sun, light.sun.z, noise)
            }
        }
    }

    private func pitched(_ place: SIMD2<Float>, _ sun: SIMD2<Float>, _ sunHeight: Float, _ noise: Float) -> Color {
        let toSide = half.y - abs(place.y)
        let toEnd = half.x - abs(place.x)
        let onEnd = roof == .hip && toEnd < toSide
        // The roof faces outward from the ridge at about 35°.
        let facing = onEnd ? sun.x * (place.x < 0 ? -1 : 1) : sun.y * (place.y < 0 ? -1 : 1)
        let lit = max(0.12, 0.82 * sunHeight + 0.57 * facing)
        let course = onEnd ? toEnd : toSide
        let tiles = (course / 0.42).truncatingRemainder(dividingBy: 1)
        var shade = 0.42 + 0.68 * lit + 0.09 * noise - (tiles < 0.25 ? 0.07 : 0)
        let isRidge = abs(place.y) < 0.16 && (roof == .gable || abs(place.x) < half.x - half.y)
        let isHip = roof == .hip && abs(toEnd - toSide) < 0.16
        if isRidge || isHip { shade *= 1.14 }
        if min(toSide, toEnd) < 0.22 { shade *= 0.78 }

        let fixture = SIMD2(half.x * (variant & 1 == 0 ? 0.4 : -0.35), half.y * (variant & 2 == 0 ? 0.3 : -0.3))
        let chimney = place - fixture
        if abs(chimney.x) < 0.4, abs(chimney.y) < 0.4 {
            return Color(grey: max(abs(chimney.x), abs(chimney.y)) < 0.2 ? 45 : 150)
        }
        // Solar panels on the sunny side.
        if variant % 5 == 0, !onEnd, facing > 0, abs(place.x) < half.x * 0.55,
            abs(abs(place.y) - half.y * 0.5) < half.y * 0.28
        {
            let grid = SIMD2(place.x + 50, place.y / 1.65 + 50)
            let frame =
                grid.x.truncatingRemainder(dividingBy: 1) < 0.07 || grid.y.truncatingRemainder(dividingBy: 1) < 0.05
            return frame ? Color(120, 126, 136) : Color(28, 36, 62) * (0.9 + 0.4 * lit)
        }
        if variant % 3 == 1 {
            let window = SIMD2(abs(abs(place.x) - half.x * 0.5), abs(abs(place.y) - half.y * 0.55))
            if window.x < 0.45, window.y < 0.6 {
                return window.x > 0.33 || window.y > 0.48 ? Color(grey: 205) : Color(62, 74, 92)
            }
        }
        return color * shade
    }

    private func flat(_ place: SIMD2<Float>, _ sun: SIMD2<Float>, _ noise: Float) -> Color {
        let edge = min(half.x - abs(place.x), half.y - abs(place.y))
        if edge < 0.4 { return color * (1.14 + 0.04 * noise) }
        var shade = 0.95 + 0.08 * noise
        // The parapet's shadow on the sunny side.
        let toward = SIMD2<Float>(
            sun.x > 0 ? half.x - place.x : half.x + place.x, sun.y > 0 ? half.y - place.y : half.y + place.y)
        if toward.x < 0.4 + 0.8 * abs(sun.x) || toward.y < 0.4 + 0.8 * abs(sun.y) { shade *= 0.66 }
        let seam = (place.x + 100).truncatingRemainder(dividingBy: 4.5)
        if seam < 0.1 { shade *= 0.86 }

        // Machines and roof lights on a loose grid; a hash of the cell says what stands there.
        let cell = SIMD2<Float>((place.x + 100) / 5, (place.y + 100) / 4)
        let hash = (Int(cell.x) &* 73_856_093 ^ Int(cell.y) &* 19_349_663 ^ variant &* 83_492_791) & 7
        let spot = SIMD2(
            cell.x.truncatingRemainder(dividingBy: 1) - 0.5, cell.y.truncatingRemainder(dividingBy: 1) - 0.5)
        let spotMetres = spot * SIMD2(5, 4)
        let whole = half.x - abs(place.x - spotMetres.x) > 2.2 && half.y - abs(place.y - spotMetres.y) > 2.0
        if whole, hash < 3 {
            if abs(spotMetres.x) < 1.1, abs(spotMetres.y) < 0.8 {
                if hash == 0 { return Color(150, 178, 196) * (abs(spotMetres.x) > 0.95 ? 1.25 : 0.95) }
                let fan = (spotMetres * spotMetres).sum()
                return hash == 1 && fan < 0.3 ? Color(grey: 70) : Color(grey: 196 + 20 * noise)
            }
            let shadow = spotMetres + sun * 0.9
            if hash != 0, abs(shadow.x) < 1.1, abs(shadow.y) < 0.8 { shade *= 0.6 }
        }
        return color * shade
    }
}
