import Foundation

/// A walker seen from above: shoulders, head and a long shadow.
struct Person: Sendable {
    var x: Double
    var y: Double
    var heading: Double
    let coat: Color
    let hair: Color

    private static let coats: [Color] = [
        Color(200, 40, 44), Color(40, 60, 140), Color(30, 30, 34), Color(226, 222, 212), Color(236, 190, 40),
        Color(40, 120, 70), Color(150, 60, 130), Color(230, 120, 40), Color(70, 140, 190),
    ]
    static let shoulders = SIMD2<Float>(0.26, 0.38)
    static let height: Float = 1.7

    init(random: inout SplitMix64) {
        (x, y, heading) = (0, 0, 0)
        coat = random.pick(Self.coats)
        hair = random.pick([Color(40, 30, 24), Color(96, 70, 44), Color(20, 18, 18), Color(170, 140, 90)])
    }

    var reach: Double { 0.45 }

    func color(_ dx: Float, _ dy: Float) -> Color? {
        let axis = SIMD2(Float(cos(heading)), Float(sin(heading)))
        let place = SIMD2(dx * axis.x + dy * axis.y, dy * axis.x - dx * axis.y)
        let body = place / Self.shoulders
        guard (body * body).sum() <= 1 else { return nil }
        let head = place - SIMD2(0.04, 0)
        return (head * head).sum() < 0.0169 ? hair : coat
    }

    /// A capsule from the feet to the tip of the shadow.
    func shadows(_ dx: Float, _ dy: Float, _ light: Light) -> Bool {
        let tip = light.shadow * Self.height
        let place = SIMD2(dx, dy)
        let t = max(0, min(1, (place * tip).sum() / (tip * tip).sum()))
        let off = place - tip * t
        return (off * off).sum() < 0.05
    }
}
