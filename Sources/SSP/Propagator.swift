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

        fileprivate let threads: Int

        /// The mask at the uploaded frame's size.
        package func mask(width: Int, height: Int) -> LabelMap {
            (mask.width, mask.height) == (width, height)
                ? mask : logits.labels(mask, width: width, height: height, threads: threads)
        }
    }

    package let model: any SegmentationModel
    private let fusion: Fusion
    private let threads: Int

    /// `threads`: how many may work on the pixels of one frame at a time.
    package init(model: any SegmentationModel, threads: Int = 1) {
        self.model = model
        self.threads = threads
        fusion = Fusion(bundle: model.bundle, shapes: model.shapes, threads: threads)
    }

    private var bundle: ModelBundle { model.bundle }

    /// Step 1: resizes and normalises the frame for the network.
    package func input(of frame: Picture) -> Tensor { frame.input(for: bundle) }

    /// The image model's prediction alone (steps 3 and 4), in the precision in which it will be kept.
    package func cold(_ output: ImageOutput, precision: StatePrecision) -> Prediction {
        prediction(fusion.upsample(output.logits, precision: precision), similarity: nil)
    }

    /// How far the previous prediction can be believed, and how the camera moved since: what fusing needs beside the two
    /// frames.
    package struct Alignment: Sendable {
        /// From the frame of the previous prediction to the current one, at the network's size.
        let motion: Homography
        /// 1×1×h×w, 0…1.
        let similarity: Tensor
        /// The motion on the similarity's grid.
        fileprivate let onFeatures: Homography

        /// The fraction of the frame, 0…1, for which the previous prediction does not hold: what it did not show, and
        /// where the similarity is below `floor`.
        package func staleFraction(floor: Float) -> Double {
            let (width, height) = (similarity.width, similarity.height)
            var row = WarpedRow(onFeatures, width: width, height: height)
            var stale = 0
            for y in 0..<height {
                row.move(to: y)
                for x in 0..<width {
                    let seen =
                        row.weights[x] + row.weights[x + width] + row.weights[x + 2 * width]
                        + row.weights[x + 3 * width]
                    if seen <= 0.5 || similarity.values[y * width + x] < floor { stale += 1 }
                }
            }
            return Double(stale) / Double(width * height)
        }
    }

    /// Where the camera's motion takes the previous features.
    package struct WarpedFeatures: Sendable {
        fileprivate let motion: Homography
        fileprivate let onFeatures: Homography
        fileprivate let tensor: Tensor
    }

    /// Step 7, the half that does not need the image model: warps the previous features.
    ///
    /// `homography` is previous → current in pixels of the uploaded frames.
    package func warp(_ state: TemporalState, homography: Homography) -> WarpedFeatures {
        let network = (width: bundle.inputWidth, height: bundle.inputHeight)
        let (height, width) = (model.shapes.featureHeight, model.shapes.featureWidth)
        let motion = (homography * state.motion).rescaled(from: (state.frameWidth, state.frameHeight), to: network)
        let onFeatures = motion.onFeatures(
            strideX: (Double(network.width) / Double(width)).rounded(),
            strideY: (Double(network.height) / Double(height)).rounded())
        return WarpedFeatures(
            motion: motion, onFeatures: onFeatures,
            tensor: FeatureWarp.warp(
                state.features, channels: model.shapes.featureChannels, height: height, width: width, by: onFeatures,
                threads: threads))
    }

    /// Step 7, the other half: compares them with the current ones, 1×F×h×w.
    package func align(_ features: Tensor, with warped: WarpedFeatures) async throws -> Alignment {
        let similarity: Tensor
        switch bundle.similarity {
        case .conv: similarity = try await model.similarity(previous: warped.tensor, current: features)
        case .cosine: similarity = CosineSimilarity.map(previous: warped.tensor, current: features)
        case nil: preconditionFailure("a bundle that propagates has a similarity")
        }
        return Alignment(motion: warped.motion, similarity: similarity, onFeatures: warped.onFeatures)
    }

    /// Steps 6 and 8: warps the previous logits and blends them into the current ones.
    package func propagate(_ output: ImageOutput, state: TemporalState, alignment: Alignment) -> Prediction {
        prediction(fusion.fuse(output.logits, previous: previous(state, alignment)), similarity: alignment.similarity)
    }

    /// The previous prediction where the camera's motion takes it, for a frame that the image model does not see.
    package func carry(state: TemporalState, alignment: Alignment) -> Prediction {
        let carried = fusion.carry(previous(state, alignment), classes: model.shapes.classes)
        return prediction(carried, similarity: alignment.similarity)
    }

    private func previous(_ state: TemporalState, _ alignment: Alignment) -> Fusion.Previous {
        Fusion.Previous(logits: state.logits, homography: alignment.motion, similarity: alignment.similarity)
    }

    /// The state that the next frame of the session needs; nil for a bundle that propagates nothing.
    ///
    /// `precision` is the features'; the logits have theirs already.
    package func state(
        after prediction: Prediction, _ output: ImageOutput, landmarks: Landmarks?, frameWidth: Int, frameHeight: Int,
        precision: StatePrecision
    ) -> TemporalState? {
        guard bundle.method == .ssp, let features = output.features else { return nil }
        return TemporalState(
            logits: prediction.logits.values,
            features: StoredFloats(features.array, precision: precision), landmarks: landmarks,
            frameWidth: frameWidth, frameHeight: frameHeight)
    }

    private func prediction(_ fused: Fusion.Result, similarity: Tensor?) -> Prediction {
        Prediction(
            logits: fused.logits, mask: fused.mask, similarity: similarity, similarityMean: fused.similarityMean,
            changedFraction: fused.changedFraction, threads: threads)
    }
}
