/// A float32 tensor in row-major order, its memory aligned for OpenVINO, which writes results straight into it.
///
/// Written once, by the code that makes it; read-only from then on, which is why it may be shared.
package final class Tensor: @unchecked Sendable {
    /// From the outermost dimension on: [1, channels, height, width].
    package let shape: [Int]
    package let count: Int
    /// Valid as long as the tensor is held.
    package let values: UnsafeMutablePointer<Float>

    package init(shape: [Int]) {
        precondition(shape.allSatisfy { $0 > 0 }, "a tensor has no empty dimension")
        self.shape = shape
        count = shape.reduce(1, *)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
        values = memory.bindMemory(to: Float.self, capacity: count)
    }

    package convenience init(shape: [Int], values: [Float]) {
        self.init(shape: shape)
        precondition(values.count == count, "as many values as the shape says")
        self.values.initialize(from: values, count: count)
    }

    deinit { UnsafeMutableRawPointer(values).deallocate() }

    /// A copy of the values.
    ///
    /// `values` itself is only good while something holds the tensor: not after the last mention of a temporary one.
    package var array: [Float] {
        withExtendedLifetime(self) { Array(UnsafeBufferPointer(start: values, count: count)) }
    }

    // A feature map is 1×C×h×w.
    package var channels: Int { shape[shape.count - 3] }
    package var height: Int { shape[shape.count - 2] }
    package var width: Int { shape[shape.count - 1] }
}
