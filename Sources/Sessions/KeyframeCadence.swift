/// Adaptive cadence: which frames of a session the image model has to see.
///
/// Pure.
///
/// Between key frames the prediction is carried along with the camera; the image model's first stage and the similarity
/// layer, which cost a fraction of it, tell where it still holds.
package struct KeyframeCadence: Sendable, Equatable {
    /// Similarity below which the carried prediction is taken not to hold at a place.
    package static let similarityFloor: Float = 0.3

    /// The image model sees at least every so many frames.
    package let interval: Int
    /// It sees a frame for more than this fraction of which the carried prediction does not hold, 0…1.
    package let refreshFraction: Double

    package init(interval: Int, refreshFraction: Double) {
        self.interval = interval
        self.refreshFraction = refreshFraction
    }

    /// Nil: the image model sees every frame.
    package init?(_ options: SessionOptions) {
        guard options.cadence == .adaptive else { return nil }
        self.init(interval: options.keyframeInterval, refreshFraction: options.refreshFraction)
    }

    /// Why a frame must be a key frame whatever it shows, `age` frames having been carried since the last one.
    package func reason(age: Int) -> String? { age + 1 >= interval ? "keyframe-interval" : nil }

    /// Why a frame must be a key frame for what it shows; `stale` is the fraction for which the prediction does not hold.
    package func reason(stale: Double) -> String? { stale > refreshFraction ? "keyframe-stale" : nil }
}
