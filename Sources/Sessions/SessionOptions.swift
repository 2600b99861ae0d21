import Foundation
import SSP

/// What a client may choose for a session.
///
/// Stored as JSON with it, so that it survives a restart.
package struct SessionOptions: Sendable, Equatable, Codable {
    package var propagation = Propagation.model
    package var registration = RegistrationMethod.klt
    package var onRegistrationLoss = RegistrationLoss.reset
    /// Milliseconds between frames beyond which the previous prediction is no longer believed.
    package var maxGapMs = 1000
    /// Seconds without a frame after which the session's memory is freed.
    package var idleTimeoutS = 120
    package var late = Late.reject
    package var overflow = Overflow.reject
    package var statePrecision = StatePrecision.float16
    package var cadence = Cadence.every
    /// With adaptive cadence: the image model sees at least every so many frames.
    package var keyframeInterval = 3
    /// With adaptive cadence: it sees a frame for more than this fraction of which the carried prediction does not hold.
    package var refreshFraction = 0.05
    package var storeMasks = true
    package var storeImages = StoreImages.preview
    package var resume = Resume.warm

    package enum Propagation: String, Sendable, Codable, CaseIterable {
        /// As the model's bundle says.
        case model
        /// Each frame alone.
        case none
    }

    package enum RegistrationLoss: String, Sendable, Codable, CaseIterable {
        /// Start again from the image model's prediction.
        case reset
        /// Go on as if the camera had stood still, as the paper's code does.
        case identity
    }

    package enum Late: String, Sendable, Codable, CaseIterable {
        case reject
        /// Segment it alone, leave the state as it is.
        case stateless
    }

    package enum Overflow: String, Sendable, Codable, CaseIterable {
        case reject
        /// For live video: the newest frames count.
        case dropOldest = "drop-oldest"
    }

    package enum Cadence: String, Sendable, Codable, CaseIterable {
        /// The image model sees every frame.
        case every
        /// It sees key frames only; between them the prediction is carried along with the camera.
        case adaptive
    }

    package enum StoreImages: String, Sendable, Codable, CaseIterable {
        case none
        /// A JPEG at the network's size, for overlays.
        case preview
        /// The upload as it came.
        case original
    }

    package enum Resume: String, Sendable, Codable, CaseIterable {
        /// After a restart or idle time the next frame goes on from the last stored ones, which are run again.
        case warm
        /// After a restart the next frame begins anew; an idle session waits for a reset.
        case cold
    }

    /// Whether there is something to go on from: pictures are kept, and a state is carried.
    package var resumesWarm: Bool {
        resume == .warm && propagation == .model && storeMasks && storeImages != .none
    }

    enum CodingKeys: String, CodingKey {
        case propagation, registration, late, overflow, cadence, resume
        case onRegistrationLoss = "on_registration_loss"
        case maxGapMs = "max_gap_ms"
        case idleTimeoutS = "idle_timeout_s"
        case statePrecision = "state_precision"
        case keyframeInterval = "keyframe_interval"
        case refreshFraction = "refresh_fraction"
        case storeMasks = "store_masks"
        case storeImages = "store_images"
    }

    package init() {}

    /// As a session's row has them, and the defaults for options that it was begun without.
    package init(json: String) {
        self.init()
        guard let stored = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any],
            let defaults = try? JSONSerialization.jsonObject(with: JSONEncoder().encode(self)) as? [String: Any],
            let whole = try? JSONSerialization.data(withJSONObject: defaults.merging(stored) { $1 }),
            let options = try? JSONDecoder().decode(Self.self, from: whole)
        else { return }
        self = options
    }
}

extension RegistrationMethod: Codable {}
