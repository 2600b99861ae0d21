import CVision
import Inference
import SSP

/// What fusing costs on one thread, beside the same steps written plainly and by OpenCV's functions.
package struct FusionBenchmark: Sendable, Encodable {
    package let width: Int
    package let height: Int
    package let classes: Int
    /// Milliseconds of processor time.
    package let float16: Distribution
    package let float32: Distribution
    /// `FusionOracle`.
    package let plain: Distribution
    package let opencv: Distribution
    /// That memory has to carry, with a float16 state: it is read once and written once.
    package let bytes: Int

    /// Logits and similarity come at a quarter of `width` × `height`; `rounds` of each, of the slow ones fewer.
    package init(width: Int, height: Int, classes: Int, rounds: Int) {
        let inputs = Inputs(width: width, height: height, classes: classes)
        self.width = width
        self.height = height
        self.classes = classes
        float16 = inputs.ours(.float16, rounds)
        float32 = inputs.ours(.float32, rounds)
        plain = inputs.plain(max(2, rounds / 20))
        opencv = inputs.opencv(rounds)
        bytes = 2 * width * height * LogitsMap.stride(classes: classes) * StatePrecision.float16.bytes
    }

    private enum CodingKeys: String, CodingKey {
        case width, height, classes, bytes
        case float16 = "float16_ms"
        case float32 = "float32_ms"
        case plain = "plain_ms"
        case opencv = "opencv_ms"
    }

    private struct Inputs {
        let width: Int
        let height: Int
        let logits: Tensor
        let similarity: Tensor
        let planes: [[Float]]
        /// A drone's: forward, with a little turning.
        let motion = Homography([1.009, 0.004, -6.9, -0.003, 1.014, 9.1, 1e-6, -5e-6, 1])!

        init(width: Int, height: Int, classes: Int) {
            self.width = width
            self.height = height
            // Numbers that are neither constant nor random: as hard for branches as a picture is.
            func wave(_ i: Int, _ c: Int) -> Float { Float((i / 7 * (c + 3) + i * i % 101) % 977) / 100 }
            let cells = width / 4 * (height / 4)
            logits = Tensor(
                shape: [1, classes, height / 4, width / 4],
                values: (0..<classes * cells).map { wave($0 % cells, $0 / cells) })
            similarity = Tensor(
                shape: [1, 1, height / 4, width / 4], values: (0..<cells).map { Float($0 % 100) / 100 })
            planes = (0..<classes).map { c in (0..<width * height).map { wave($0, c) } }
        }

        /// A state in groups of `size` classes, each with its pixels' classes innermost.
        private func grouped(by size: Int) -> [Float] {
            stride(from: 0, to: planes.count, by: size).flatMap { first in
                (0..<width * height).flatMap { pixel in
                    (first..<first + size).map { $0 < planes.count ? planes[$0][pixel] : 0 }
                }
            }
        }

        func ours(_ precision: StatePrecision, _ rounds: Int) -> Distribution {
            let fusion = Fusion(
                logitsWidth: width / 4, logitsHeight: height / 4, width: width, height: height, upsampling: .bicubic)
            var state = StoredFloats(grouped(by: LogitsMap.stride(classes: planes.count)), precision: precision)
            return measure(rounds) {
                // As in a session: what comes out is the next frame's state, and the old one is given back.
                state =
                    fusion.fuse(
                        logits, previous: .init(logits: state, homography: motion, similarity: similarity)
                    ).logits.values
            }
        }

        func plain(_ rounds: Int) -> Distribution {
            let oracle = FusionOracle(width: width, height: height)
            var state = planes
            return measure(rounds) {
                state = oracle.fuse(logits, previous: state, motion: motion, similarity: similarity).logits
            }
        }

        func opencv(_ rounds: Int) -> Distribution {
            var state = grouped(by: 4)
            var labels = [UInt8](repeating: 0, count: width * height)
            var changed = 0.0
            return measure(rounds) {
                let done = windhover_fuse_stepwise(
                    logits.values, Int32(planes.count), Int32(width / 4), Int32(height / 4), similarity.values,
                    Int32(width / 4), Int32(height / 4), motion.values, Int32(width), Int32(height), &state, &labels,
                    &changed)
                precondition(done == 1, "OpenCV fuses")
            }
        }

        private func measure(_ rounds: Int, _ body: () -> Void) -> Distribution {
            let threads = Registrar.use(threads: 1)
            defer { Registrar.use(threads: threads) }
            body()
            return Distribution((0..<rounds).map { _ in Stopwatch.thread(body).milliseconds })
        }
    }
}
