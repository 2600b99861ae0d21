import CKernels

/// Logits of every pixel of a frame, classes innermost: the form in which a pixel is read with one or two loads.
///
/// Classes are padded to a multiple of four, with lanes that no arg-max ever chooses.
package struct LogitsMap: Sendable {
    package let width: Int
    package let height: Int
    package let classes: Int
    /// Floats per pixel: `classes` rounded up to a multiple of four.
    package let stride: Int
    /// `height` × `width` × `stride`.
    package let values: StoredFloats

    package static func stride(classes: Int) -> Int { (classes + 3) & ~3 }

    package init(width: Int, height: Int, classes: Int, values: StoredFloats) {
        precondition(values.count == width * height * Self.stride(classes: classes), "a map of this size")
        self.width = width
        self.height = height
        self.classes = classes
        stride = Self.stride(classes: classes)
        self.values = values
    }
}

/// The precision in which a session's state is kept between frames.
package enum StatePrecision: String, Sendable, CaseIterable, Codable {
    case float32, float16

    package var bytes: Int { self == .float32 ? 4 : 2 }
}

/// An array of floats at rest, in full or half precision.
package enum StoredFloats: Sendable {
    case full([Float])
    case half([UInt16])

    package init(_ values: [Float], precision: StatePrecision) {
        switch precision {
        case .float32: self = .full(values)
        case .float16:
            self = .half(
                [UInt16](unsafeUninitializedCapacity: values.count) { half, initialized in
                    values.withUnsafeBufferPointer {
                        if let source = $0.baseAddress {
                            windhover_float_to_half(source, half.baseAddress!, values.count)
                        }
                    }
                    initialized = values.count
                })
        }
    }

    /// `count` values that `fill` writes where it is told to.
    init(count: Int, precision: StatePrecision, fill: (UnsafeMutableRawPointer) -> Void) {
        switch precision {
        case .float32:
            self = .full(
                [Float](unsafeUninitializedCapacity: count) { out, initialized in
                    fill(UnsafeMutableRawPointer(out.baseAddress!))
                    initialized = count
                })
        case .float16:
            self = .half(
                [UInt16](unsafeUninitializedCapacity: count) { out, initialized in
                    fill(UnsafeMutableRawPointer(out.baseAddress!))
                    initialized = count
                })
        }
    }

    package var count: Int {
        switch self {
        case .full(let values): values.count
        case .half(let values): values.count
        }
    }

    package var precision: StatePrecision {
        switch self {
        case .full: .float32
        case .half: .float16
        }
    }

    package var bytes: Int { count * precision.bytes }

    /// All values in full precision.
    package var floats: [Float] {
        switch self {
        case .full(let values): values
        case .half(let values):
            [Float](unsafeUninitializedCapacity: values.count) { out, initialized in
                values.withUnsafeBufferPointer {
                    if let source = $0.baseAddress { windhover_half_to_float(source, out.baseAddress!, values.count) }
                }
                initialized = values.count
            }
        }
    }

    /// Calls `body` with the values as they lie in memory, and whether they are halves.
    func withValues<Result>(_ body: (UnsafeRawPointer, _ half: Bool) throws -> Result) rethrows -> Result {
        switch self {
        case .full(let values): try values.withUnsafeBytes { try body($0.baseAddress!, false) }
        case .half(let values): try values.withUnsafeBytes { try body($0.baseAddress!, true) }
        }
    }
}
