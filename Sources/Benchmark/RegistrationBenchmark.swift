import CVision
import Imaging
import SSP
import Simulation

/// What a registration method costs, and how near it comes.
package struct RegistrationBenchmark: Sendable, Encodable {
    package let method: String
    package let pairs: Int
    /// Milliseconds of processor time, on one thread: the new frame's landmarks, and the fit to the last one's.
    package let time: Distribution
    /// Distance of the frame's corners from where they belong, pixels, the mean of four; nil where nobody knows.
    package let cornerError: Distribution?
    /// Mean difference of aligned pictures, grey levels.
    package let photometricError: Distribution
    /// Pairs that were not registered.
    package let failures: Int

    /// A pair of frames, and the motion between them if it is known.
    package struct Pair: Sendable {
        package let previous: GreyMap
        package let current: GreyMap
        package let motion: Homography?

        package init(previous: GreyMap, current: GreyMap, motion: Homography?) {
            self.previous = previous
            self.current = current
            self.motion = motion
        }
    }

    /// Neighbouring frames of simulated flights, `each` of every plan.
    package static func simulated(width: Int, height: Int, each: Int) -> [Pair] {
        [FlightPlan.orbit, .transit, .survey, .hover].enumerated().flatMap { seed, plan in
            let flight = SimulatedFlight(seed: UInt64(seed + 1), width: width, height: height, fps: 10, plan: plan)
            var previous: GreyMap?
            return (0...each).compactMap { index in
                let frame = flight.frame(index)
                let current = frame.frame.luminance()
                defer { previous = current }
                return previous.map {
                    Pair(previous: $0, current: current, motion: index > 0 ? Homography(frame.homography) : nil)
                }
            }
        }
    }

    package init(_ method: RegistrationMethod, _ pairs: [Pair]) {
        let threads = Registrar.use(threads: 1)
        defer { Registrar.use(threads: threads) }
        let registrar = Registrar(method: method)
        var times: [Double] = []
        var corners: [Double] = []
        var photometric: [Double] = []
        var failures = 0
        for pair in pairs {
            // Kept since the frame before: not measured.
            let kept = registrar.landmarks(pair.previous)
            kept?.findCorners()
            let (found, time) = Stopwatch.thread {
                let current = registrar.landmarks(pair.current)
                current?.findCorners()
                return registrar.register(previous: kept, current: current)
            }
            times.append(time)
            guard let homography = found.homography else {
                failures += 1
                continue
            }
            let (width, height) = (pair.current.width, pair.current.height)
            if let motion = pair.motion {
                corners.append(homography.cornerError(motion, width: width, height: height))
            }
            photometric.append(
                windhover_photometric_error(
                    pair.previous.pixels, pair.current.pixels, Int32(width), Int32(height), homography.values))
        }
        self.method = method.rawValue
        self.pairs = pairs.count
        time = Distribution(times)
        cornerError = corners.isEmpty ? nil : Distribution(corners)
        photometricError = Distribution(photometric)
        self.failures = failures
    }

    private enum CodingKeys: String, CodingKey {
        case method, pairs, failures
        case time = "time_ms"
        case cornerError = "corner_error_px"
        case photometricError = "photometric_error"
    }
}

extension Homography {
    /// The mean distance between where this and `other` take the four corners of a picture, in pixels.
    package func cornerError(_ other: Homography, width: Int, height: Int) -> Double {
        let corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
        let distances = corners.map { x, y in
            guard let a = apply(x: Double(x), y: Double(y)), let b = other.apply(x: Double(x), y: Double(y)) else {
                return Double.infinity
            }
            return ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
        }
        return distances.reduce(0, +) / 4
    }
}
