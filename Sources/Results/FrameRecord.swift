import Foundation
import Telemetry

/// One segmented frame, as stored and as answered.
///
/// Immutable once committed.
package struct FrameRecord: Sendable, Equatable {
    /// UUIDv7, lower case.
    package var id: String
    package var sessionID: String
    package var sequence: Int
    /// SHA-256 of the uploaded image, hex: what makes a repeated upload recognisable.
    package var digest: String
    /// The `Idempotency-Key` of an upload that the server numbered.
    package var idempotencyKey: String?
    package var droneID: String?
    package var missionID: String?
    package var model: String
    package var modelVersion: String
    package var capturedAt: Date
    package var receivedAt: Date
    /// Pixels of the uploaded frame, upright.
    package var width: Int
    package var height: Int
    /// `cold`, `propagated`, `reset`, `stateless` or `carried`.
    package var mode: String
    /// Why the mode is not `propagated`, or why a session of adaptive cadence has a key frame here; nil where there is
    /// nothing to say.
    package var reason: String?
    /// How often the temporal state broke off before this frame: frames of one epoch are one uninterrupted run.
    package var epoch: Int
    /// Sequence numbers skipped since the previous frame.
    package var gapFrames: Int
    /// Milliseconds since the previous frame; nil for a first frame.
    package var gapMs: Int?
    package var registration: Registration?
    /// Mean of the similarity map, 0…1; nil where nothing was fused.
    package var similarityMean: Double?
    /// Fraction of pixels whose class differs from the warped previous mask, 0…1; nil where nothing was fused.
    package var changedFraction: Double?
    /// Nil where nothing was told of the camera.
    package var telemetry: CameraTelemetry?
    /// The ground that the frame shows, where the telemetry suffices.
    package var footprint: Footprint?
    /// Why there is none, where there is telemetry.
    package var footprintReason: String?
    package var classes: [ClassPixels]
    /// Stage → milliseconds; stages are `queue`, `decode`, `image`, `register`, `fuse`, `encode` and others.
    package var stageMs: [String: Double]
    package var mask: StoredBlob?
    package var similarity: StoredBlob?
    package var image: StoredBlob?
    /// Why the store did not keep the pictures it was given: `disk`, for lack of room; nil where it did.
    package var withheld: String?

    /// Whether the image model saw the frame.
    package var isKeyframe: Bool { mode != "carried" }

    package struct Registration: Sendable, Equatable, Codable {
        /// `klt`, `orb`, `akaze`, `identity` or `supplied`.
        package var method: String
        package var ok: Bool
        package var matches: Int
        package var inliers: Int
        /// Row-major 3×3 in pixels of the uploaded frames, previous → current; nil where it was not found.
        package var homography: [Double]?

        package init(method: String, ok: Bool, matches: Int, inliers: Int, homography: [Double]?) {
            self.method = method
            self.ok = ok
            self.matches = matches
            self.inliers = inliers
            self.homography = homography
        }
    }

    package struct ClassPixels: Sendable, Equatable, Codable {
        /// Class index: the value of the mask's pixels.
        package var value: Int
        package var name: String
        package var pixels: Int
        /// Of all pixels of the frame, 0…1.
        package var fraction: Double

        package init(value: Int, name: String, pixels: Int, fraction: Double) {
            self.value = value
            self.name = name
            self.pixels = pixels
            self.fraction = fraction
        }
    }

    /// Where a picture lies: a stretch of a pack file under the data folder.
    package struct StoredBlob: Sendable, Equatable, Codable {
        /// Relative to the data folder.
        package var file: String
        package var offset: Int
        package var length: Int

        package init(file: String, offset: Int, length: Int) {
            self.file = file
            self.offset = offset
            self.length = length
        }
    }

    package init(
        id: String, sessionID: String, sequence: Int, digest: String, idempotencyKey: String? = nil,
        droneID: String? = nil, missionID: String? = nil, model: String, modelVersion: String, capturedAt: Date,
        receivedAt: Date, width: Int, height: Int, mode: String, reason: String? = nil, epoch: Int = 0,
        gapFrames: Int = 0, gapMs: Int? = nil, registration: Registration? = nil, similarityMean: Double? = nil,
        changedFraction: Double? = nil, telemetry: CameraTelemetry? = nil, footprint: Footprint? = nil,
        footprintReason: String? = nil, classes: [ClassPixels] = [], stageMs: [String: Double] = [:],
        mask: StoredBlob? = nil, similarity: StoredBlob? = nil, image: StoredBlob? = nil, withheld: String? = nil
    ) {
        self.id = id
        self.sessionID = sessionID
        self.sequence = sequence
        self.digest = digest
        self.idempotencyKey = idempotencyKey
        self.droneID = droneID
        self.missionID = missionID
        self.model = model
        self.modelVersion = modelVersion
        self.capturedAt = capturedAt
        self.receivedAt = receivedAt
        self.width = width
        self.height = height
        self.mode = mode
        self.reason = reason
        self.epoch = epoch
        self.gapFrames = gapFrames
        self.gapMs = gapMs
        self.registration = registration
        self.similarityMean = similarityMean
        self.changedFraction = changedFraction
        self.telemetry = telemetry
        self.footprint = footprint
        self.footprintReason = footprintReason
        self.classes = classes
        self.stageMs = stageMs
        self.mask = mask
        self.similarity = similarity
        self.image = image
        self.withheld = withheld
    }
}
