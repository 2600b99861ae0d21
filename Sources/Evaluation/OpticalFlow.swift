import CVision
import Imaging

/// Where each pixel of a frame is seen in another one.
package struct OpticalFlow: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// `height` × `width` × 2: the way along x and along y, in pixels.
    package let vectors: [Float]

    package init(width: Int, height: Int, vectors: [Float]) {
        precondition(vectors.count == 2 * width * height, "a flow is height × width × 2 numbers")
        self.width = width
        self.height = height
        self.vectors = vectors
    }

    /// Dense optical flow by Dense Inverse Search, as OpenCV's preset "medium" has it.
    ///
    /// Versions of OpenCV differ in the refinement of its last step by some hundredths of a pixel.
    ///
    /// - Returns: Nil for frames too small for it: the least are 12 pixels along one side and 8 along the other.
    package init?(from: GreyMap, to: GreyMap) {
        precondition((from.width, from.height) == (to.width, to.height), "flow leads between frames of one size")
        let size = 2 * from.width * from.height
        var found = false
        let vectors = [Float](unsafeUninitializedCapacity: size) { out, count in
            found = windhover_flow(from.pixels, to.pixels, Int32(from.width), Int32(from.height), out.baseAddress!) == 1
            count = found ? size : 0
        }
        guard found else { return nil }
        self.init(width: from.width, height: from.height, vectors: vectors)
    }
}
