import Foundation
import Imaging
import SSP
import Testing

@Suite struct RegistrarTests {
    private static let width = 960
    private static let height = 540

    /// Camera motions between two frames, about the picture's centre.
    static let motions: [(name: String, homography: Homography)] = {
        let centre = (x: Double(width) / 2, y: Double(height) / 2)
        func about(_ m: [Double]) -> Homography {
            let there = Homography([1, 0, centre.x, 0, 1, centre.y, 0, 0, 1])!
            return there * Homography(m)! * there.inverse
        }
        func rotation(_ degrees: Double) -> [Double] {
            let (c, s) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
            return [c, -s, 0, s, c, 0, 0, 0, 1]
        }
        return [
            ("pan", Homography([1, 0, 17.4, 0, 1, -9.7, 0, 0, 1])!),
            ("fast pan", Homography([1, 0, -61.2, 0, 1, 33.5, 0, 0, 1])!),
            ("zoom in", about([1.06, 0, 0, 0, 1.06, 0, 0, 0, 1])),
            ("zoom out", about([0.95, 0, 0, 0, 0.95, 0, 0, 0, 1])),
            ("rotation", about(rotation(4))),
            ("perspective", about([1.01, 0.01, 6, -0.02, 0.99, 4, 6e-5, -8e-5, 1])),
        ]
    }()

    /// Each motion over three scenes, drawn once for all methods.
    private static let pairs: [(previous: GreyMap, current: [GreyMap])] = (1...3).map { seed in
        let scene = Scene(seed: UInt64(seed))
        func draw(_ motion: Homography) -> GreyMap { scene.picture(width: width, height: height, motion: motion) }
        return (draw(.identity), motions.map { draw($0.homography) })
    }

    @Test(
        "A known motion is found to within a pixel at the corners", arguments: [RegistrationMethod.klt, .orb, .akaze])
    func known(method: RegistrationMethod) throws {
        let registrar = Registrar(method: method)
        for (index, motion) in Self.motions.enumerated() {
            var errors: [Double] = []
            for (seed, pair) in Self.pairs.enumerated() {
                let (previous, current) = (pair.previous, pair.current[index])
                let found = registrar.register(
                    previous: registrar.landmarks(previous), current: registrar.landmarks(current))
                let homography = try #require(found.homography, "\(motion.name), seed \(seed): not registered")
                #expect(found.inliers <= found.matches)
                errors.append(cornerError(homography, motion.homography))
            }
            let median = errors.sorted()[errors.count / 2]
            #expect(median < 1, "\(motion.name): \(median) px")
        }
    }

    @Test("Brightness and noise do not mislead it", arguments: [RegistrationMethod.klt, .akaze])
    func photometric(method: RegistrationMethod) throws {
        let registrar = Registrar(method: method)
        let scene = Scene(seed: 5)
        let motion = Self.motions[0].homography
        let previous = scene.picture(width: Self.width, height: Self.height, motion: .identity)
        var current = scene.picture(width: Self.width, height: Self.height, motion: motion)
        var random = Scene.Random(state: 99)
        current.pixels = current.pixels.map { pixel in
            UInt8(clamping: Int(Double(pixel) * 0.8 + 12) + Int(random.next() % 7) - 3)
        }
        let found = registrar.register(previous: registrar.landmarks(previous), current: registrar.landmarks(current))
        #expect(cornerError(try #require(found.homography), motion) < 1)
    }

    @Test(
        "Unrelated frames, blank frames and cuts are not registered",
        arguments: [RegistrationMethod.klt, .orb, .akaze])
    func unrelated(method: RegistrationMethod) {
        let registrar = Registrar(method: method)
        let pictures = (10..<16).map {
            Scene(seed: $0).picture(width: Self.width, height: Self.height, motion: .identity)
        }
        let blank = GreyMap(
            width: Self.width, height: Self.height, pixels: [UInt8](repeating: 128, count: Self.width * Self.height))
        func registered(_ a: GreyMap, _ b: GreyMap) -> Bool {
            registrar.register(previous: registrar.landmarks(a), current: registrar.landmarks(b)).homography != nil
        }
        for (a, b) in zip(pictures, pictures.dropFirst()) { #expect(!registered(a, b)) }
        #expect(!registered(blank, blank))
        #expect(!registered(pictures[0], blank))
        #expect(!registered(blank, pictures[0]))
    }

    @Test("Identity takes the camera to stand still, whatever the frames show")
    func identity() {
        let registrar = Registrar(method: .identity)
        let picture = Scene(seed: 1).picture(width: 64, height: 64, motion: .identity)
        let found = registrar.register(previous: registrar.landmarks(picture), current: registrar.landmarks(picture))
        #expect(found.homography == .identity)
    }

    @Test("Frames of different sizes are not registered")
    func sizes() {
        let registrar = Registrar(method: .klt)
        let scene = Scene(seed: 3)
        let a = registrar.landmarks(scene.picture(width: 320, height: 240, motion: .identity))
        let b = registrar.landmarks(scene.picture(width: 322, height: 240, motion: .identity))
        #expect(registrar.register(previous: a, current: b).homography == nil)
    }

    @Test("Frames that are reduced to be registered are registered in their own pixels", arguments: [1283, 1280, 2000])
    func reduced(width: Int) throws {
        let registrar = Registrar(method: .klt)
        let scene = Scene(seed: 4)
        let motion = Homography([1.01, 0.01, 13.4, -0.01, 1.01, -9.7, 1e-6, 0, 1])!
        func landmarks(_ motion: Homography) -> Landmarks? {
            registrar.landmarks(scene.picture(width: width, height: 721, motion: motion))
        }
        let found = registrar.register(previous: landmarks(.identity), current: landmarks(motion))
        let homography = try #require(found.homography)
        #expect(cornerError(homography, motion) < 1)
    }

    @Test("Pictures of a few pixels are an answer, not a crash", arguments: [RegistrationMethod.klt, .orb, .akaze])
    func tiny(method: RegistrationMethod) {
        let registrar = Registrar(method: method)
        for (width, height) in [(1, 1), (2, 3), (16, 16), (1, 200), (4000, 2)] {
            let picture = Scene(seed: 8).picture(width: width, height: height, motion: .identity)
            let landmarks = registrar.landmarks(picture)
            _ = registrar.register(previous: landmarks, current: landmarks)
        }
    }

    private func cornerError(_ found: Homography, _ truth: Homography) -> Double {
        let w = Double(Self.width - 1)
        let h = Double(Self.height - 1)
        let errors = [(0, 0), (w, 0), (w, h), (0, h)].map { corner -> Double in
            guard let a = found.apply(x: corner.0, y: corner.1), let b = truth.apply(x: corner.0, y: corner.1) else {
                return .infinity
            }
            return hypot(a.x - b.x, a.y - b.y)
        }
        return errors.reduce(0, +) / 4
    }
}

/// A textured plane without end, drawn at any motion: value noise at several scales and random bright patches.
struct Scene {
    struct Random {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    let seed: UInt64

    private func lattice(_ x: Int, _ y: Int, _ octave: Int) -> Double {
        var random = Random(
            state: seed &* 0x1_0000_01B3 ^ UInt64(bitPattern: Int64(x)) &* 73_856_093
                ^ UInt64(bitPattern: Int64(y)) &* 19_349_663 ^ UInt64(octave) &* 83_492_791)
        return Double(random.next() >> 40) / Double(1 << 24)
    }

    private func value(_ x: Double, _ y: Double) -> Double {
        var sum = 0.0
        for (octave, (cell, weight)) in [(90.0, 0.5), (37, 0.35), (13, 0.3), (5, 0.2)].enumerated() {
            let (u, v) = (x / cell, y / cell)
            let (i, j) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
            let (fx, fy) = (u - Double(i), v - Double(j))
            let (sx, sy) = (fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy))
            let top = lattice(i, j, octave) * (1 - sx) + lattice(i + 1, j, octave) * sx
            let bottom = lattice(i, j + 1, octave) * (1 - sx) + lattice(i + 1, j + 1, octave) * sx
            sum += weight * (top * (1 - sy) + bottom * sy)
        }
        // Flat patches with sharp edges, as roofs and roads have.
        let (i, j) = (Int((x / 61).rounded(.down)), Int((y / 47).rounded(.down)))
        return sum / 1.35 * 0.6 + (lattice(i, j, 9) > 0.55 ? 0.4 : 0)
    }

    /// The frame after `motion` (this frame's first picture → the result).
    func picture(width: Int, height: Int, motion: Homography) -> GreyMap {
        let back = motion.inverse
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height)
        for y in 0..<height {
            for x in 0..<width {
                // Four samples a pixel, or edges would jump by whole pixels.
                var sum = 0.0
                for (dx, dy) in [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)] {
                    let place = back.apply(x: Double(x) + dx, y: Double(y) + dy) ?? (0, 0)
                    sum += value(place.x, place.y)
                }
                pixels.append(UInt8(min(max(sum / 4, 0), 1) * 255))
            }
        }
        return GreyMap(width: width, height: height, pixels: pixels)
    }
}
