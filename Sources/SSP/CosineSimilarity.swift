import Foundation
import Inference

/// The similarity of the paper's ablation: no parameters.
enum CosineSimilarity {
    /// Of two 1×F×h×w maps: cosine over channels, clamped to [0, 1], to the 4th power, at most 0.95.
    ///
    /// Result 1×1×h×w.
    static func map(previous: Tensor, current: Tensor) -> Tensor {
        let plane = current.height * current.width
        let out = Tensor(shape: [1, 1, current.height, current.width])
        var dot = [Float](repeating: 0, count: plane)
        var before = dot
        var now = dot
        for channel in 0..<current.channels {
            let a = previous.values + channel * plane
            let b = current.values + channel * plane
            for p in 0..<plane {
                dot[p] += a[p] * b[p]
                before[p] += a[p] * a[p]
                now[p] += b[p] * b[p]
            }
        }
        for p in 0..<plane {
            // Each norm is kept off zero by itself, as in PyTorch's cosine_similarity: nothing is similar to nothing.
            let cosine = dot[p] / (max(before[p].squareRoot(), 1e-8) * max(now[p].squareRoot(), 1e-8))
            let clamped = min(max(cosine, 0), 1)
            let squared = clamped * clamped
            out.values[p] = min(squared * squared, 0.95)
        }
        return out
    }
}
