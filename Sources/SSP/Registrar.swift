import CVision
import Imaging
import Synchronization

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

    /// Sets how many threads one registration may use, in the whole process, and tells how many it were before.
    ///
    /// They are OpenCV's own; where they are busy with another registration, the caller's does everything.
    @discardableResult
    package static func use(threads: Int) -> Int { Int(windhover_set_threads(Int32(threads))) }

    /// What is kept of a frame, of which `luminance` has all pixels.
    ///
    /// Costs the pyramid, or the descriptors. Nil for `.identity`.
    package func landmarks(_ luminance: GreyMap) -> Landmarks? {
        let code: windhover_method
        switch method {
        case .klt: code = WINDHOVER_KLT
        case .orb: code = WINDHOVER_ORB
        case .akaze: code = WINDHOVER_AKAZE
        case .identity: return nil
        }
        let (width, height) = (luminance.width, luminance.height)
        let workingWidth = min(width, Int(windhover_working_width(Int32(code.rawValue))))
        let workingHeight = Int((Double(height * workingWidth) / Double(width)).rounded())
        let working = luminance.resized(width: workingWidth, height: max(1, workingHeight))
        let handle = working.pixels.withUnsafeBufferPointer { pixels in
            windhover_landmarks_create(
                Int32(code.rawValue), pixels.baseAddress!, Int32(working.width), Int32(working.height), Int32(width),
                Int32(height))
        }
        return handle.map { Landmarks(handle: $0, width: width, height: height) }
    }

    /// The motion from `previous` to `current`, both made by this registrar.
    package func register(previous: Landmarks?, current: Landmarks?) -> Registration {
        if method == .identity { return Registration(matches: 0, inliers: 0, homography: .identity) }
        guard let previous, let current, previous.width == current.width, previous.height == current.height else {
            return Registration(matches: 0, inliers: 0, homography: nil)
        }
        previous.findCorners()
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
package final class Landmarks: @unchecked Sendable {
    let handle: OpaquePointer
    package let width: Int
    package let height: Int
    private let hasCorners = Mutex(false)

    init(handle: OpaquePointer, width: Int, height: Int) {
        self.handle = handle
        self.width = width
        self.height = height
    }

    deinit { windhover_landmarks_free(handle) }

    /// Finds what will be tracked from here to the next frame.
    ///
    /// Registering the next frame does it if it was not done: call it when there is time, but not long before, since
    /// what it finds is four times as large as what it finds it in.
    package func findCorners() {
        hasCorners.withLock { done in
            if !done { windhover_landmarks_find_corners(handle) }
            done = true
        }
    }

    /// Memory it holds.
    package var bytes: Int { windhover_landmarks_bytes(handle) }
}
