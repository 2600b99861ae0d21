import Imaging

/// Something that can run a bundle's graphs.
package protocol Engine: Sendable {
    /// Compiles the graphs of a bundle and checks them against what `model.json` declares.
    /// Throws `BundleError` naming the graph and the tensor at fault.
    func load(_ bundle: ModelBundle) async throws -> any SegmentationModel
}

/// A bundle ready to run.
///
/// Calls may overlap; each waits for a free request without holding a thread.
package protocol SegmentationModel: Sendable {
    var bundle: ModelBundle { get }
    /// What the graphs produce, known after loading.
    var shapes: ModelShapes { get }
    /// What the image model computes in, such as "f32" or "bf16".
    var precision: String { get }
    /// Runs the image model on a normalised 1×3×H×W tensor (see `Picture.input(for:)`).
    func segment(_ input: Tensor) async throws -> ImageOutput
    /// Runs the image model's first stage alone: 1×F×h'×w', what `segment` would give as features.
    ///
    /// Only for bundles with a `firstStageFile`.
    func features(_ input: Tensor) async throws -> Tensor
    /// Runs the similarity layer on two 1×F×h×w tensors; answers 1×1×h×w in 0…1. Only for `.conv` bundles.
    func similarity(previous: Tensor, current: Tensor) async throws -> Tensor
}

package struct ImageOutput: Sendable {
    /// 1×C×h×w.
    package let logits: Tensor
    /// 1×F×h'×w'; nil where the bundle propagates nothing.
    package let features: Tensor?

    package init(logits: Tensor, features: Tensor?) {
        self.logits = logits
        self.features = features
    }
}

/// Sizes of a model's outputs.
package struct ModelShapes: Sendable, Equatable {
    package let classes: Int
    package let logitsHeight: Int
    package let logitsWidth: Int
    package let featureChannels: Int
    package let featureHeight: Int
    package let featureWidth: Int

    package init(
        classes: Int, logitsHeight: Int, logitsWidth: Int, featureChannels: Int, featureHeight: Int, featureWidth: Int
    ) {
        self.classes = classes
        self.logitsHeight = logitsHeight
        self.logitsWidth = logitsWidth
        self.featureChannels = featureChannels
        self.featureHeight = featureHeight
        self.featureWidth = featureWidth
    }
}

/// Inference failed for a reason of the engine's, not of the frame's.
package struct InferenceError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
