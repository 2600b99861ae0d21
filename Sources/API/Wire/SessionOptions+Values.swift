import SSP
import Sessions

extension SessionOptions {
    /// The names of everything a client may choose for a session.
    static let names: Set<String> = [
        "propagation", "registration", "on_registration_loss", "max_gap_ms", "idle_timeout_s", "late", "overflow",
        "state_precision", "cadence", "keyframe_interval", "refresh_fraction", "store_masks", "store_images", "resume",
    ]

    /// Takes what a request gives; the rest stays as it is.
    mutating func read(_ values: some NamedValues) throws(Problem) {
        if let value: Propagation = try values.choice("propagation") { propagation = value }
        if let value: RegistrationMethod = try values.choice("registration") { registration = value }
        if let value: RegistrationLoss = try values.choice("on_registration_loss") { onRegistrationLoss = value }
        if let value = try values.int("max_gap_ms", in: 1...86_400_000) { maxGapMs = value }
        if let value = try values.int("idle_timeout_s", in: 1...86_400) { idleTimeoutS = value }
        if let value: Late = try values.choice("late") { late = value }
        if let value: Overflow = try values.choice("overflow") { overflow = value }
        if let value: StatePrecision = try values.choice("state_precision") { statePrecision = value }
        if let value: Cadence = try values.choice("cadence") { cadence = value }
        if let value = try values.int("keyframe_interval", in: 1...1000) { keyframeInterval = value }
        if let value = try values.double("refresh_fraction", in: 0...1) { refreshFraction = value }
        if let value = try values.bool("store_masks") { storeMasks = value }
        if let value: StoreImages = try values.choice("store_images") { storeImages = value }
        if let value: Resume = try values.choice("resume") { resume = value }
    }
}
