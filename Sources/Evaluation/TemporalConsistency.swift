import Imaging

/// Temporal consistency (TC): how far the masks of consecutive frames agree where they show the same thing.
///
/// Vincent, Kim, Meeß, CVPR 2025: the mean over frames of the mIoU between the prediction of frame k and that of frame
/// k+1 warped back by optical flow. A mask that never changes is consistent, too: it says nothing without mIoU.
package enum TemporalConsistency {
    /// The mIoU, 0…1, between a mask and the following one warped back, over the classes that either of them has.
    ///
    /// `flow` leads from the mask's frame to the following one; each pixel takes the class nearest to where it leads.
    ///
    /// - Returns: Nil if the flow leads every pixel out of view.
    package static func between(_ mask: LabelMap, _ following: LabelMap, flow: OpticalFlow) -> Double? {
        let (width, height) = (mask.width, mask.height)
        precondition(
            (following.width, following.height) == (width, height) && (flow.width, flow.height) == (width, height),
            "masks and flow are of one size")
        var warped = following
        var truth = mask
        for y in 0..<height {
            for x in 0..<width {
                let pixel = y * width + x
                let toX = (Float(x) + flow.vectors[2 * pixel]).rounded(.toNearestOrEven)
                let toY = (Float(y) + flow.vectors[2 * pixel + 1]).rounded(.toNearestOrEven)
                // Compared before they become integers: a flow may lead anywhere.
                if toX >= 0, toX < Float(width), toY >= 0, toY < Float(height) {
                    warped.classes[pixel] = following.classes[Int(toY) * width + Int(toX)]
                } else {
                    truth.classes[pixel] = LabelMap.ignore
                }
            }
        }
        var matrix = ConfusionMatrix()
        matrix.add(warped, truth: truth)
        return matrix.meanAgreement
    }
}
