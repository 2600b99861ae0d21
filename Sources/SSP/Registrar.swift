import CVision
import Imaging

/// How the camera's motion between two frames is found.
package enum RegistrationMethod: String, Sendable, CaseIterable {
    /// Pyramidal Lucas–Kanade on Shi–Tomasi corners with MAGSAC++: sub-pixel, a few milliseconds.
    case klt
    /// ORB features: large motions, coarser.
    case orb
    /// AKAZE features, what the paper names best of OpenCV's: 0.2 s a pair.
    case akaze
    /// No registration: the camera is taken to stand still.
    case identity
}

/// What registration answers.
package struct Registration: Sendable, Equatable {
    /// Correspondences that entered the fit.
    package let matches: Int
    /// Those that agree with the homography.
    package let inliers: Int
    /// Previous → current, in pixels of the frames as given; nil: not registered.
    package let homography: Homography?

    package init(matches: Int, inliers: Int, homography: Homography?) {
        self.matches = matches
        self.inliers = inliers
        self.homography = homography
    }
}

/// Finds the homography between two frames, and says so when there is none worth using.
package struct Registrar: Sendable {
    /// Fewer agreeing correspondences than this prove nothing.
    package static let minInliers = 12
    /// Of all correspondences, those that must agree.
    package static let minInlierRatio = 0.25
    /// Correlation of the aligned frames below which they do not show the same scene.
    package static let minCorrelation = 0.4

    package let method: RegistrationMethod

    package init(method: RegistrationMethod) {
        self.method = method
    }

    /// What is kept of a frame.
    ///
    /// Costs the pyramid and corners, or the descriptors. Nil for `.identity`.
    package func keyframe(_ luminance: GreyMap) -> Keyframe? {
        let code: windhover_method
        switch method {
        case .klt: code = WINDHOVER_KLT
        case .orb: code = WINDHOVER_ORB
        case .akaze: code = WINDHOVER_AKAZE
        case .identity: return nil
        }
        let handle = luminance.pixels.withUnsafeBufferPointer { pixels in
            windhover_keyframe_create(
                Int32(code.rawValue), pixels.baseAddress!, Int32(luminance.width), Int32(luminance.height))
        }
        return handle.map { Keyframe(handle: $0, width: luminance.width, height: luminance.height) }
    }

    /// The motion from `previous` to `current`, both made by this registrar.
    package func register(previous: Keyframe?, current: Keyframe?) -> Registration {
        if method == .identity { return Registration(matches: 0, inliers: 0, homography: .identity) }
        guard let previous, let current, previous.width == current.width, previous.height == current.height else {
            return Registration(matches: 0, inliers: 0, homography: nil)
        }
        var fit = windhover_fit()
        let found = windhover_register(previous.handle, current.handle, &fit)
        let (matches, inliers) = (Int(fit.matches), Int(fit.inliers))
        let m = fit.homography
        guard found == 1, inliers >= Self.minInliers, Double(inliers) >= Self.minInlierRatio * Double(matches),
            let homography = Homography([m.0, m.1, m.2, m.3, m.4, m.5, m.6, m.7, m.8]),
            homography.isPlausible(width: current.width, height: current.height),
            windhover_correlation(previous.handle, current.handle, homography.values) >= Self.minCorrelation
        else { return Registration(matches: matches, inliers: inliers, homography: nil) }
        return Registration(matches: matches, inliers: inliers, homography: homography)
    }
}

/// A frame as registration remembers it.
///
/// Immutable.
package final class Keyframe: @unchecked Sendable {
    let handle: OpaquePointer
    package let width: Int
    package let height: Int

    init(handle: OpaquePointer, width: Int, height: Int) {
        self.handle = handle
        self.width = width
        self.height = height
    }

    deinit { windhover_keyframe_free(handle) }

    /// Memory it holds.
    package var bytes: Int { windhover_keyframe_bytes(handle) }
}
