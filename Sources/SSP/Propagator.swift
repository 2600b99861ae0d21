import Imaging
import Inference

/// Semantic Similarity Propagation for one model: takes the image model's output of frame k and the state of frame
/// k-1, and gives the fused prediction and the next state.
///
/// "High Temporal Consistency through Semantic Similarity Propagation in Semi-Supervised Video Semantic Segmentation
/// for Autonomous Flight", Vincent, Kim, Meeß; CVPR 2025. Holds no state: sessions do.
package struct Propagator: Sendable {
    /// What became of one frame.
    package struct Prediction: Sendable {
        /// Logits at the network's size: fused, or the image model's own.
        package let logits: LogitsMap
        /// Arg-max at the network's size.
        package let mask: LabelMap
        /// On the feature grid, 1×1×h×w, 0…1; nil where nothing was fused.
        package let similarity: Tensor?
        /// Mean of the similarity over the frame, 0…1.
        package let similarityMean: Double?
        /// Of the pixels the previous frame showed too, the fraction whose class changed, 0…1.
        package let changedFraction: Double?

        /// The mask at the uploaded frame's size.
        package func mask(width: Int, height: Int) -> LabelMap {
            (mask.width, mask.height) == (width, height) ? mask : logits.labels(mask, width: width, height: height)
        }
    }

    package let model: any SegmentationModel
    private let fusion: Fusion

    package init(model: any SegmentationModel) {
        self.model = model
        fusion = Fusion(bundle: model.bundle, shapes: model.shapes)
    }

    private var bundle: ModelBundle { model.bundle }

    /// Step 1: resizes and normalises the frame for the network.
    package func input(of frame: Frame) -> Tensor {
        frame.resized(width: bundle.inputWidth, height: bundle.inputHeight).normalised(for: bundle)
    }

    /// The image model's prediction alone (steps 3 and 4), in the precision in which it will be kept.
    package func cold(_ output: ImageOutput, precision: StatePrecision) -> Prediction {
        prediction(fusion.upsample(output.logits, precision: precision), similarity: nil)
    }

    /// How far the previous frame can be believed, and how the camera moved: what fusing needs beside the two frames.
    package struct Alignment: Sendable {
        /// Previous → current, at the network's size.
        let motion: Homography
        /// 1×1×h×w, 0…1.
        let similarity: Tensor
    }

    /// Step 7: warps the previous features and compares them with the current ones.
    ///
    /// `homography` is previous → current in pixels of the uploaded frames.
    package func align(_ output: ImageOutput, state: TemporalState, homography: Homography) async throws -> Alignment {
        guard let features = output.features, let kind = bundle.similarity else {
            preconditionFailure("a bundle that propagates has features and a similarity")
        }
        let network = (width: bundle.inputWidth, height: bundle.inputHeight)
        let motion = homography.rescaled(from: (state.frameWidth, state.frameHeight), to: network)
        let warped = FeatureWarp.warp(
            state.features, channels: features.channels, height: features.height, width: features.width,
            by: motion.onFeatures(
                strideX: (Double(network.width) / Double(features.width)).rounded(),
                strideY: (Double(network.height) / Double(features.height)).rounded()))
        switch kind {
        case .conv:
            return Alignment(
                motion: motion, similarity: try await model.similarity(previous: warped, current: features))
        case .cosine:
            return Alignment(motion: motion, similarity: CosineSimilarity.map(previous: warped, current: features))
        }
    }

    /// Steps 6 and 8: warps the previous logits and blends them into the current ones.
    package func propagate(_ output: ImageOutput, state: TemporalState, alignment: Alignment) -> Prediction {
        let previous = Fusion.Previous(
            logits: state.logits, homography: alignment.motion, similarity: alignment.similarity)
        return prediction(fusion.fuse(output.logits, previous: previous), similarity: alignment.similarity)
    }

    /// The state that the next frame of the session needs; nil for a bundle that propagates nothing.
    ///
    /// `precision` is the features'; the logits have theirs already.
    package func state(
        after prediction: Prediction, _ output: ImageOutput, keyframe: Keyframe?, frameWidth: Int, frameHeight: Int,
        precision: StatePrecision
    ) -> TemporalState? {
        guard bundle.method == .ssp, let features = output.features else { return nil }
        return TemporalState(
            logits: prediction.logits.values,
            features: StoredFloats(features.array, precision: precision), keyframe: keyframe,
            frameWidth: frameWidth, frameHeight: frameHeight)
    }

    private func prediction(_ fused: Fusion.Result, similarity: Tensor?) -> Prediction {
        Prediction(
            logits: fused.logits, mask: fused.mask, similarity: similarity, similarityMean: fused.similarityMean,
            changedFraction: fused.changedFraction)
    }
}
