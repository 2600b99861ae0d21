import Foundation

/// A 3×3 projective map of pixels, row-major, pixel centres on integers: [u, v, 1]ᵀ ~ H·[x, y, 1]ᵀ.
package struct Homography: Sendable, Equatable {
    /// Nine finite numbers.
    package let values: [Double]

    package static let identity = Homography(unchecked: [1, 0, 0, 0, 1, 0, 0, 0, 1])

    /// Nil unless `values` are nine finite numbers of an invertible matrix.
    package init?(_ values: [Double]) {
        guard values.count == 9, values.allSatisfy(\.isFinite) else { return nil }
        self.init(unchecked: values)
        let scale = values.map(abs).max() ?? 0
        guard scale > 0, abs(determinant) > 1e-12 * scale * scale * scale else { return nil }
    }

    private init(unchecked values: [Double]) {
        self.values = values
    }

    package var determinant: Double {
        let m = values
        return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6])
            + m[2] * (m[3] * m[7] - m[4] * m[6])
    }

    /// Scaled so that the last element is 1 where it is not 0.
    package var inverse: Homography {
        let m = values
        let adjugate = [
            m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
            m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
            m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3],
        ]
        let scale = adjugate[8] == 0 ? determinant : adjugate[8]
        return Homography(unchecked: adjugate.map { $0 / scale })
    }

    package static func * (a: Homography, b: Homography) -> Homography {
        var product = [Double](repeating: 0, count: 9)
        for row in 0..<3 {
            for column in 0..<3 {
                for k in 0..<3 { product[row * 3 + column] += a.values[row * 3 + k] * b.values[k * 3 + column] }
            }
        }
        return Homography(unchecked: product)
    }

    /// Where a pixel goes; nil on or behind the horizon.
    package func apply(x: Double, y: Double) -> (x: Double, y: Double)? {
        let m = values
        let w = m[6] * x + m[7] * y + m[8]
        // The sign of w at the origin says which side of the horizon is in front.
        guard abs(w) > 1e-12, (w > 0) == (m[8] > 0) else { return nil }
        return ((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w)
    }

    /// The same motion in a picture of another size, as resizing makes it (pixel *edges* coincide): S·H·S⁻¹ with the
    /// half-pixel shift of centres.
    package func rescaled(from: (width: Int, height: Int), to: (width: Int, height: Int)) -> Homography {
        guard from != to else { return self }
        let sx = Double(to.width) / Double(from.width)
        let sy = Double(to.height) / Double(from.height)
        let scale = Homography(unchecked: [sx, 0, 0.5 * sx - 0.5, 0, sy, 0.5 * sy - 0.5, 0, 0, 1])
        return scale * self * scale.inverse
    }

    /// The same motion on the feature grid, as the paper's code has it: S·H·S⁻¹, S = diag(1/stride, 1/stride, 1),
    /// without the half-pixel shift.
    ///
    /// Feature cells count from the first pixel's centre here, not from the edge.
    package func onFeatures(strideX: Double, strideY: Double) -> Homography {
        let m = values
        return Homography(unchecked: [
            m[0], m[1] * strideY / strideX, m[2] / strideX,
            m[3] * strideX / strideY, m[4], m[5] / strideY,
            m[6] * strideX, m[7] * strideY, m[8],
        ])
    }

    /// Whether this can be the motion of a camera between two frames: the picture's corners stay in front, keep their
    /// order and orientation, and its area changes at most `maxZoom`-fold.
    package func isPlausible(width: Int, height: Int, maxZoom: Double = 4) -> Bool {
        let w = Double(width - 1)
        let h = Double(height - 1)
        let corners = [(0, 0), (w, 0), (w, h), (0, h)].compactMap { apply(x: $0.0, y: $0.1) }
        guard corners.count == 4 else { return false }
        var area = 0.0
        for i in 0..<4 {
            let (a, b, c) = (corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4])
            // A mirrored or self-crossing quadrilateral turns the wrong way somewhere.
            guard (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x) > 0 else { return false }
            area += (a.x * b.y - b.x * a.y) / 2
        }
        let ratio = area / max(1, w * h)
        return ratio > 1 / maxZoom && ratio < maxZoom
    }
}
