import Imaging
import Inference

/// What a session carries from one frame to the next: fused logits, first-stage features, and the frame as registration
/// remembers it.
///
/// A value: replacing it is the only way it changes.
package struct TemporalState: Sendable {
    /// Fused logits at the network's size, `LogitsMap` order.
    package let logits: StoredFloats
    /// F×h×w.
    package let features: StoredFloats
    /// The newest frame.
    package let landmarks: Landmarks?
    /// From the frame whose logits and features these are to the newest, in pixels of the uploaded frames: the identity
    /// unless predictions were carried on since.
    package let motion: Homography
    /// How many frames the prediction has been carried on for.
    package let age: Int
    /// Size of the uploaded frames.
    package let frameWidth: Int
    package let frameHeight: Int

    package init(
        logits: StoredFloats, features: StoredFloats, landmarks: Landmarks?, motion: Homography = .identity,
        age: Int = 0,
        frameWidth: Int, frameHeight: Int
    ) {
        self.logits = logits
        self.features = features
        self.landmarks = landmarks
        self.motion = motion
        self.age = age
        self.frameWidth = frameWidth
        self.frameHeight = frameHeight
    }

    /// The same prediction, one frame on: nothing of it is copied or resampled, however far it is carried.
    package func carried(to landmarks: Landmarks?, by motion: Homography) -> TemporalState {
        TemporalState(
            logits: logits, features: features, landmarks: landmarks, motion: motion * self.motion, age: age + 1,
            frameWidth: frameWidth, frameHeight: frameHeight)
    }

    /// Memory held.
    package var bytes: Int { logits.bytes + features.bytes + (landmarks?.bytes ?? 0) }

    /// What a session of this model will hold, known before it begins; its landmarks are an estimate from above.
    package static func bytes(
        bundle: ModelBundle, shapes: ModelShapes, precision: StatePrecision
    ) -> Int {
        guard bundle.method == .ssp else { return 0 }
        let logits = bundle.inputWidth * bundle.inputHeight * LogitsMap.stride(classes: shapes.classes)
        let features = shapes.featureChannels * shapes.featureHeight * shapes.featureWidth
        return (logits + features) * precision.bytes + landmarkBytes
    }

    /// Pyramid of a 640-pixel-wide picture with its derivatives, borders and points.
    static let landmarkBytes = 4 << 20
}
