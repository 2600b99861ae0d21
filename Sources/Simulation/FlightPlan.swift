import Foundation

/// How the simulated drone flies.
package struct FlightPlan: Sendable {
    package enum Path: Sendable, Equatable {
        /// Around a place, looking toward it.
        case orbit(radius: Double)
        /// Straight ahead.
        case transit
        /// Back and forth in lines of this length, this far apart, as for mapping.
        case survey(line: Double, spacing: Double)
        /// On the spot.
        case hover
    }

    /// What breaks the even flow of frames, for trying out how a server copes.
    package enum Event: Sendable, Equatable {
        /// From this frame on the camera is somewhere else.
        case cut
        /// This many seconds pass unseen before this frame.
        case gap(seconds: Double)
    }

    package var path: Path
    /// Metres per second.
    package var speed: Double
    /// Metres above ground.
    package var altitude: Double
    /// Degrees above the horizon; −90 looks straight down.
    package var pitch: Double
    /// Horizontal, degrees.
    package var fieldOfView: Double
    /// Strength of the wind's shaking; 1 is a light breeze: about 10 cm and 0.2°.
    package var shake: Double
    /// Frame index → event.
    package var events: [Int: Event]

    package init(
        path: Path, speed: Double, altitude: Double, pitch: Double, fieldOfView: Double = 70, shake: Double = 1,
        events: [Int: Event] = [:]
    ) {
        self.path = path
        self.speed = speed
        self.altitude = altitude
        self.pitch = pitch
        self.fieldOfView = fieldOfView
        self.shake = shake
        self.events = events
    }

    package static let orbit = FlightPlan(path: .orbit(radius: 55), speed: 6, altitude: 55, pitch: -55)
    package static let transit = FlightPlan(path: .transit, speed: 11, altitude: 50, pitch: -60)
    package static let survey = FlightPlan(path: .survey(line: 120, spacing: 30), speed: 9, altitude: 70, pitch: -90)
    package static let hover = FlightPlan(path: .hover, speed: 0, altitude: 40, pitch: -60)

    /// The plan called `orbit`, `transit`, `survey` or `hover`.
    package init?(name: String) {
        guard let plan = Self.named[name] else { return nil }
        self = plan
    }

    package static let named: [String: FlightPlan] = [
        "orbit": .orbit, "transit": .transit, "survey": .survey, "hover": .hover,
    ]

    /// Seconds from the first frame to frame `index`.
    func time(of index: Int, fps: Double) -> Double {
        events.reduce(Double(index) / fps) { time, event in
            if case .gap(let seconds) = event.value, event.key <= index { return time + seconds }
            return time
        }
    }

    /// How often the camera has been somewhere else by frame `index`.
    func cuts(by index: Int) -> Int {
        events.count { $0.value == .cut && $0.key <= index }
    }

    /// Metres east and north of the path's anchor, and heading, after flying for `time` seconds toward `course`.
    func position(at time: Double, course: Double) -> (x: Double, y: Double, heading: Double) {
        let distance = speed * time
        let bearing = course * .pi / 180
        switch path {
        case .hover:
            return (0, 0, course)
        case .transit:
            return (distance * sin(bearing), distance * cos(bearing), course + 4 * sin(time * 0.35))
        case .orbit(let radius):
            // Heading inward: the anchor is `radius` ahead.
            let angle = bearing + distance / radius
            return (-radius * sin(angle), -radius * cos(angle), angle * 180 / .pi)
        case .survey(let line, let spacing):
            let (along, across, turned) = Self.lawnmower(distance, line: line, spacing: spacing)
            return (
                along * sin(bearing) + across * cos(bearing), along * cos(bearing) - across * sin(bearing),
                course + turned
            )
        }
    }

    /// Lines joined by half circles; metres along and to the right of the first line, and degrees turned.
    private static func lawnmower(_ distance: Double, line: Double, spacing: Double) -> (Double, Double, Double) {
        let radius = spacing / 2
        let leg = line + .pi * radius
        let count = (distance / leg).rounded(.down)
        let rest = distance - count * leg
        let isOutbound = Int(count) % 2 == 0
        let sign = isOutbound ? 1.0 : -1.0
        let across = count * spacing
        let base = isOutbound ? 0.0 : 180.0
        if rest < line {
            return (isOutbound ? rest : line - rest, across, base)
        }
        // Turns alternate: right at the far end, left at the near end.
        let angle = (rest - line) / radius
        let end = isOutbound ? line : 0
        return (
            end + sign * radius * sin(angle), across + radius * (1 - cos(angle)), base + sign * angle * 180 / .pi
        )
    }
}
