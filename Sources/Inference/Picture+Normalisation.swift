import CKernels
import Imaging

extension Picture {
    /// The network's input: 1×3×H×W, RGB, (value / 255 - mean) / std per channel.
    package func input(for bundle: ModelBundle) -> Tensor {
        let (width, height) = (bundle.inputWidth, bundle.inputHeight)
        let tensor = Tensor(shape: [1, 3, height, width])
        let scale = bundle.std.map { 1 / (255 * $0) }
        let shift = zip(bundle.mean, bundle.std).map { -$0 / $1 }
        switch resized(width: width, height: height) {
        case .rgb(let frame):
            windhover_normalise(frame.pixels, width * height, scale, shift, tensor.values)
        case .ycbcr(let frame):
            windhover_normalise_ycbcr(
                frame.luma.pixels, frame.cb.pixels, frame.cr.pixels, width * height, scale, shift, tensor.values)
        }
        return tensor
    }
}
