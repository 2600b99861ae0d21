import CKernels

extension Frame {
    /// The picture's brightness by ITU-R BT.601, rounded as RGB2GRAY of OpenCV 4 does.
    package func luminance() -> GreyMap {
        let grey = [UInt8](unsafeUninitializedCapacity: width * height) { out, count in
            windhover_luminance(pixels, width * height, out.baseAddress!)
            count = width * height
        }
        return GreyMap(width: width, height: height, pixels: grey)
    }
}
