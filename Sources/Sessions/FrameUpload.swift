import Crypto
import Foundation
import Results
import SSP

/// One frame as it came in.
package struct FrameUpload: Sendable {
    /// Nil: the server numbers it.
    package var sequence: Int?
    package var idempotencyKey: String?
    /// JPEG or PNG.
    package var image: [UInt8]
    package var capturedAt: Date?
    package var position: FrameRecord.Position?
    /// Previous → current in pixels of the uploaded frames; nil: the server registers.
    package var homography: Homography?
    /// SHA-256 of `image`, hex: equal bytes are the same frame.
    package let digest: String

    package init(
        sequence: Int?, idempotencyKey: String? = nil, image: [UInt8], capturedAt: Date? = nil,
        position: FrameRecord.Position? = nil, homography: Homography? = nil
    ) {
        self.sequence = sequence
        self.idempotencyKey = idempotencyKey
        self.image = image
        self.capturedAt = capturedAt
        self.position = position
        self.homography = homography
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
