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
    package var storeMasks = true
    package var storeImages = StoreImages.preview

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

    package enum StoreImages: String, Sendable, Codable, CaseIterable {
        case none
        /// A JPEG at the network's size, for overlays.
        case preview
        /// The upload as it came.
        case original
    }

    enum CodingKeys: String, CodingKey {
        case propagation, registration, late, overflow
        case onRegistrationLoss = "on_registration_loss"
        case maxGapMs = "max_gap_ms"
        case idleTimeoutS = "idle_timeout_s"
        case statePrecision = "state_precision"
        case storeMasks = "store_masks"
        case storeImages = "store_images"
    }

    package init() {}
}

extension RegistrationMethod: Codable {}
