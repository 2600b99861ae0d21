import Foundation

/// What one source says of a frame.
package struct TelemetrySource: Sendable, Equatable {
    package var origin: TelemetryOrigin
    package var values: [TelemetryValue: Double] = [:]
    /// Focal length of a lens that sees as much on 35 mm film, millimetres: another way to tell a field of view.
    package var focalLength35mm: Double?
    package var capturedAt: Date?

    /// Focal lengths that exist, from fish-eyes to telescopes.
    package static let focalLengths = 1.0...5000
    /// Of a frame of 35 mm film, 36 × 24 mm: CIPA DCG-001 compares fields of view along it.
    static let diagonal35mm = 43.2666

    package init(
        _ origin: TelemetryOrigin, _ values: [TelemetryValue: Double] = [:], focalLength35mm: Double? = nil,
        capturedAt: Date? = nil
    ) {
        self.origin = origin
        self.values = values
        self.focalLength35mm = focalLength35mm
        self.capturedAt = capturedAt
    }

    /// A camera without a gimbal that is said to look straight down.
    package static let nadir = TelemetrySource(.assumed, [.gimbalPitch: -90, .gimbalRoll: 0])

    package var isEmpty: Bool { values.isEmpty && focalLength35mm == nil && capturedAt == nil }
}

extension CameraTelemetry {
    /// Puts together what several sources say of a frame, value by value; an earlier source counts before a later.
    ///
    /// Both fields of view are known where either is, or a focal length: pixels are square. They come from one source,
    /// as latitude and longitude do.
    ///
    /// - Parameters:
    ///   - width: Pixels of the upright frame.
    package init(_ sources: [TelemetrySource], width: Int, height: Int) {
        self = sources.reduce(CameraTelemetry()) { known, source in
            var values = source.values
            let hasView = known[.horizontalFieldOfView] != nil
            let view = hasView ? nil : source.fieldOfView(width: Double(width), height: Double(height))
            values[.horizontalFieldOfView] = view?.horizontal
            values[.verticalFieldOfView] = view?.vertical
            var telemetry = CameraTelemetry(values, origin: source.origin)
            telemetry.timeOrigin = source.capturedAt == nil ? nil : source.origin
            return known.filled(from: telemetry)
        }
    }
}

extension TelemetrySource {
    fileprivate func fieldOfView(width: Double, height: Double) -> (horizontal: Double, vertical: Double)? {
        func angle(over length: Double, focal: Double) -> Double { 2 * atan(length / 2 / focal) * 180 / .pi }
        func focal(over length: Double, angle: Double) -> Double { length / 2 / tan(angle * .pi / 360) }
        func valid(_ value: TelemetryValue) -> Double? { values[value].flatMap { value.range.contains($0) ? $0 : nil } }

        let (horizontal, vertical) = (valid(.horizontalFieldOfView), valid(.verticalFieldOfView))
        let view: (horizontal: Double, vertical: Double)
        if let horizontal, let vertical {
            view = (horizontal, vertical)
        } else if let horizontal {
            view = (horizontal, angle(over: height, focal: focal(over: width, angle: horizontal)))
        } else if let vertical {
            view = (angle(over: width, focal: focal(over: height, angle: vertical)), vertical)
        } else if let focalLength35mm, Self.focalLengths.contains(focalLength35mm) {
            let focal = focalLength35mm * (width * width + height * height).squareRoot() / Self.diagonal35mm
            view = (angle(over: width, focal: focal), angle(over: height, focal: focal))
        } else {
            return nil
        }
        let isSensible =
            TelemetryValue.horizontalFieldOfView.range.contains(view.horizontal)
            && TelemetryValue.verticalFieldOfView.range.contains(view.vertical)
        return isSensible ? view : nil
    }
}
