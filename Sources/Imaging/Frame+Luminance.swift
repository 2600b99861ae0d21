extension Frame {
    /// The picture's brightness by ITU-R BT.601, rounded as RGB2GRAY of OpenCV 4 does.
    package func luminance() -> GreyMap {
        let count = width * height
        let grey = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            pixels.withUnsafeBufferPointer { source in
                for index in 0..<count {
                    let red = UInt32(source[3 * index]) &* 9798
                    let green = UInt32(source[3 * index + 1]) &* 19235
                    let blue = UInt32(source[3 * index + 2]) &* 3735
                    out[index] = UInt8(truncatingIfNeeded: (red &+ green &+ blue &+ 16384) >> 15)
                }
            }
            initialized = count
        }
        return GreyMap(width: width, height: height, pixels: grey)
    }
}
