import CKernels
import Imaging

extension Frame {
    /// The network's input: 1×3×H×W, RGB, (value / 255 - mean) / std per channel.
    ///
    /// The frame has the network's size.
    package func normalised(for bundle: ModelBundle) -> Tensor {
        precondition(width == bundle.inputWidth && height == bundle.inputHeight, "resize the frame first")
        let tensor = Tensor(shape: [1, 3, height, width])
        let scale = bundle.std.map { 1 / (255 * $0) }
        let shift = zip(bundle.mean, bundle.std).map { -$0 / $1 }
        windhover_normalise(pixels, width * height, scale, shift, tensor.values)
        return tensor
    }
}
