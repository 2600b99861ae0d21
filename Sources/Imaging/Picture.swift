/// A picture that was decoded for a network, for registration and for a preview: none of them needs all its pixels in
/// red, green and blue, which most JPEGs do not hold, so those stay as they are.
package enum Picture: Sendable, Equatable {
    case rgb(Frame)
    case ycbcr(YCbCrFrame)

    package var width: Int {
        switch self {
        case .rgb(let frame): frame.width
        case .ycbcr(let frame): frame.width
        }
    }

    package var height: Int {
        switch self {
        case .rgb(let frame): frame.height
        case .ycbcr(let frame): frame.height
        }
    }

    /// The picture's brightness by ITU-R BT.601.
    package func luminance() -> GreyMap {
        switch self {
        case .rgb(let frame): frame.luminance()
        case .ycbcr(let frame): frame.luma
        }
    }

    /// The picture at another size: averaged over areas along an axis that shrinks, interpolated along one that grows.
    package func resized(width: Int, height: Int) -> Picture {
        switch self {
        case .rgb(let frame): .rgb(frame.resized(width: width, height: height))
        case .ycbcr(let frame): .ycbcr(frame.resized(width: width, height: height))
        }
    }

    /// A baseline JPEG of it at another size, with 4:2:0 colour.
    ///
    /// - Parameter quality: 1...100; values outside are clamped.
    /// - Throws: `cannotEncode` for sides of more than 65,535 pixels.
    package func jpegData(width: Int, height: Int, quality: Int) throws(ImageError) -> [UInt8] {
        switch self {
        case .rgb(let frame): try frame.resized(width: width, height: height).jpegData(quality: quality)
        case .ycbcr(let frame):
            try frame.resized(width: width, height: height, subsampling: 2).jpegData(quality: quality)
        }
    }
}
