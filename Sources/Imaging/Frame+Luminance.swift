extension Frame {
    /// The picture's brightness by ITU-R BT.601, rounded as OpenCV's RGB2GRAY does.
    package func luminance() -> GreyMap {
        let count = width * height
        let grey = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            pixels.withUnsafeBufferPointer { source in
                for index in 0..<count {
                    let red = UInt32(source[3 * index]) &* 4899
                    let green = UInt32(source[3 * index + 1]) &* 9617
                    let blue = UInt32(source[3 * index + 2]) &* 1868
                    out[index] = UInt8(truncatingIfNeeded: (red &+ green &+ blue &+ 8192) >> 14)
                }
            }
            initialized = count
        }
        return GreyMap(width: width, height: height, pixels: grey)
    }
}
