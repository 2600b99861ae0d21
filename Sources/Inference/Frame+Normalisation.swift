import Imaging

extension Frame {
    /// The network's input: 1×3×H×W, RGB, (value / 255 - mean) / std per channel.
    ///
    /// The frame has the network's size.
    package func normalised(for bundle: ModelBundle) -> Tensor {
        precondition(width == bundle.inputWidth && height == bundle.inputHeight, "resize the frame first")
        let tensor = Tensor(shape: [1, 3, height, width])
        let plane = width * height
        let red = tensor.values
        let green = red + plane
        let blue = green + plane
        let scale = bundle.std.map { 1 / (255 * $0) }
        let shift = zip(bundle.mean, bundle.std).map { -$0 / $1 }
        let (scaleR, scaleG, scaleB) = (scale[0], scale[1], scale[2])
        let (shiftR, shiftG, shiftB) = (shift[0], shift[1], shift[2])
        pixels.withUnsafeBufferPointer { pixels in
            for i in 0..<plane {
                red[i] = Float(pixels[3 * i]) * scaleR + shiftR
                green[i] = Float(pixels[3 * i + 1]) * scaleG + shiftG
                blue[i] = Float(pixels[3 * i + 2]) * scaleB + shiftB
            }
        }
        return tensor
    }
}
