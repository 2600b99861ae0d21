import Foundation

/// A car, van, lorry or bus seen from above.
struct Vehicle: Sendable {
    enum Kind: Sendable { case car, van, lorry, bus }

    var x: Double
    var y: Double
    /// Direction of the bonnet, radians counter-clockwise from east.
    var heading: Double { didSet { axis = Self.axis(heading) } }
    let kind: Kind
    let paint: Color
    /// Half the length and half the width in metres.
    let half: SIMD2<Float>
    private var axis: SIMD2<Float>

    private static let paints: [Color] = [
        Color(228, 228, 230), Color(40, 40, 44), Color(150, 152, 156), Color(176, 34, 30), Color(34, 62, 132),
        Color(92, 96, 100), Color(206, 206, 202), Color(28, 84, 66), Color(196, 150, 40), Color(236, 236, 236),
        Color(60, 62, 70), Color(112, 40, 44),
    ]

    init(x: Double, y: Double, heading: Double, kind: Kind, random: inout SplitMix64) {
        self.x = x
        self.y = y
        self.heading = heading
        self.kind = kind
        axis = Self.axis(heading)
        switch kind {
        case .car: half = SIMD2(Float(random.uniform(2.0...2.35)), Float(random.uniform(0.86...0.94)))
        case .van: half = SIMD2(2.7, 1.0)
        case .lorry: half = SIMD2(Float(random.uniform(3.6...5.2)), 1.25)
        case .bus: half = SIMD2(6, 1.28)
        }
        paint = kind == .bus ? random.pick([Color(222, 178, 36), Color(190, 40, 36)]) : random.pick(Self.paints)
    }

    private static func axis(_ heading: Double) -> SIMD2<Float> {
        SIMD2(Float(cos(heading)), Float(sin(heading)))
    }

    var reach: Double { Double((half * half).sum().squareRoot()) }

    private func local(_ dx: Float, _ dy: Float) -> SIMD2<Float> {
        SIMD2(dx * axis.x + dy * axis.y, dy * axis.x - dx * axis.y)
    }

    /// Whether a place, in metres from the middle, lies in the vehicle's shadow.
    func shadows(_ dx: Float, _ dy: Float, _ light: Light) -> Bool {
        let shift = light.shadow * (kind == .car ? 0.7 : 1.3)
        return covers(local(dx, dy)) || covers(local(dx - shift.x, dy - shift.y))
            || covers(local(dx - shift.x / 2, dy - shift.y / 2))
    }

    private func covers(_ place: SIMD2<Float>) -> Bool {
        let corner: Float = kind == .car ? 0.35 : 0.12
        let over = SIMD2(abs(place.x), abs(place.y)) - half + corner
        if over.x <= 0 || over.y <= 0 { return max(over.x, over.y) <= corner }
        return (over * over).sum() <= corner * corner
    }

    /// The colour at a place in metres from the middle, nil outside.
    func color(_ dx: Float, _ dy: Float) -> Color? {
        let place = local(dx, dy)
        guard covers(place) else { return nil }
        let along = place.x / half.x
        let across = abs(place.y) / half.y
        let glass = Color(34, 40, 48)
        let rim: Float = across > 0.9 ? 0.72 : 1
        switch kind {
        case .car, .van:
            if along > 0.94, across > 0.5 { return Color(240, 236, 210) }
            if along < -0.94, across > 0.5 { return Color(150, 24, 20) }
            let (screen, roof): (ClosedRange<Float>, ClosedRange<Float>) =
                kind == .car ? (0.12...0.4, -0.62 ... -0.45) : (0.5...0.7, -0.98 ... -0.92)
            if screen.contains(along) || roof.contains(along), across < 0.84 { return glass }
            if along > -0.6, along < screen.upperBound, across > 0.78, across < 0.92 { return glass }
            let onRoof = along < screen.lowerBound && along > roof.upperBound
            return paint * ((onRoof ? 1.06 : 0.92) * rim)
        case .lorry:
            if along > 0.62 {
                return along > 0.86 && across < 0.85 ? glass : paint * rim
            }
            if along > 0.56 { return Color(grey: 40) }
            let rib = (place.x + 20).truncatingRemainder(dividingBy: 0.9) < 0.1
            return Color(206, 204, 198) * ((rib ? 0.9 : 1) * rim)
        case .bus:
            if along > 0.94 { return glass }
            let hatch = abs(abs(along) - 0.45) < 0.08 && across < 0.35
            return hatch ? Color(grey: 200) : paint * rim
        }
    }
}
