/// A 3×3 matrix of doubles: a homography between planes.
struct Matrix3: Sendable, Equatable {
    static let identity = Matrix3(SIMD3(1, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1))

    var rows: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)

    init(_ first: SIMD3<Double>, _ second: SIMD3<Double>, _ third: SIMD3<Double>) {
        rows = (first, second, third)
    }

    static func == (left: Matrix3, right: Matrix3) -> Bool {
        left.rows == right.rows
    }

    static func * (left: Matrix3, right: Matrix3) -> Matrix3 {
        func row(_ weights: SIMD3<Double>) -> SIMD3<Double> {
            right.rows.0 * weights.x + right.rows.1 * weights.y + right.rows.2 * weights.z
        }
        return Matrix3(row(left.rows.0), row(left.rows.1), row(left.rows.2))
    }

    /// The inverse by cofactors; the matrix must not be singular.
    var inverse: Matrix3 {
        let (a, b, c) = rows
        // Cross products of the rows are the columns of the adjugate.
        let (x, y, z) = (Self.cross(b, c), Self.cross(c, a), Self.cross(a, b))
        let scale = 1 / (a * x).sum()
        return Matrix3(
            SIMD3(x.x, y.x, z.x) * scale, SIMD3(x.y, y.y, z.y) * scale, SIMD3(x.z, y.z, z.z) * scale)
    }

    static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    /// The nine elements row by row, scaled so that the last is 1.
    var homography: [Double] {
        [rows.0, rows.1, rows.2].flatMap { [$0.x, $0.y, $0.z] }.map { $0 / rows.2.z }
    }

    /// Where the homography takes a point; `scale`, the homogeneous coordinate, is positive for what lies in front.
    func apply(_ x: Double, _ y: Double) -> (x: Double, y: Double, scale: Double) {
        let scale = rows.2.x * x + rows.2.y * y + rows.2.z
        return (
            (rows.0.x * x + rows.0.y * y + rows.0.z) / scale, (rows.1.x * x + rows.1.y * y + rows.1.z) / scale, scale
        )
    }
}
