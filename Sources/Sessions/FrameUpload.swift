import Crypto
import Foundation
import Results
import SSP
import Telemetry

/// One frame as it came in.
package struct FrameUpload: Sendable {
    /// Nil: the server numbers it.
    package var sequence: Int?
    package var idempotencyKey: String?
    /// JPEG or PNG.
    package var image: [UInt8]
    /// What is said of the camera, by the client and by the image; the earlier counts.
    package var sources: [TelemetrySource]
    /// Previous → current in pixels of the uploaded frames; nil: the server registers.
    package var homography: Homography?
    /// SHA-256 of `image`, hex: equal bytes are the same frame.
    package let digest: String

    /// By the first source that knows.
    package var capturedAt: Date? { sources.lazy.compactMap(\.capturedAt).first }

    /// - Parameters:
    ///   - capturedAt: Short for `told` that says nothing else.
    ///   - told: What the client says of the camera; what it leaves open the image may say.
    ///   - assumesNadir: Where nobody knows where the camera looks, it looks straight down.
    package init(
        sequence: Int?, idempotencyKey: String? = nil, image: [UInt8], capturedAt: Date? = nil,
        told: TelemetrySource? = nil, assumesNadir: Bool = false, homography: Homography? = nil
    ) {
        self.sequence = sequence
        self.idempotencyKey = idempotencyKey
        self.image = image
        self.homography = homography
        let told = told ?? TelemetrySource(.explicit, capturedAt: capturedAt)
        sources = [told] + PictureMetadata.sources(in: image) + (assumesNadir ? [.nadir] : [])
        digest = SHA256.hash(data: image).map { String(format: "%02x", $0) }.joined()
    }
}

/// What became of an upload.
package struct FrameAnswer: Sendable {
    package var record: FrameRecord
    /// The mask as indexed PNG at the frame's size, where the frame was run just now.
    package var mask: [UInt8]?
    /// The frame had been stored before; nothing was run.
    package var replayed: Bool
}
