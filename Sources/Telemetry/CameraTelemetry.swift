/// What is known of a camera when it took a frame: numbers, and where each is from.
package struct CameraTelemetry: Sendable, Equatable {
    private struct Known: Sendable, Equatable {
        var number: Double
        var origin: TelemetryOrigin
    }

    private var known: [TelemetryValue: Known] = [:]
    /// Where the frame's time of capture is from; nil: nobody told, it is the time of receipt.
    package var timeOrigin: TelemetryOrigin?

    package init() {}

    /// Takes what lies within its range: a position only whole.
    package init(_ values: [TelemetryValue: Double], origin: TelemetryOrigin) {
        known = values.filter { $0.key.range.contains($0.value) }.mapValues { Known(number: $0, origin: origin) }
        dropHalfPosition()
    }

    package var isEmpty: Bool { known.isEmpty && timeOrigin == nil }

    package subscript(_ value: TelemetryValue) -> Double? { known[value]?.number }

    /// Degrees WGS 84.
    package var place: (lat: Double, lon: Double)? {
        guard let lat = self[.latitude], let lon = self[.longitude] else { return nil }
        return (lat, lon)
    }

    package func origin(of value: TelemetryValue) -> TelemetryOrigin? { known[value]?.origin }

    /// Changes one value; a number that makes no sense is none.
    package mutating func set(_ value: TelemetryValue, _ number: Double?, origin: TelemetryOrigin) {
        known[value] = number.flatMap { value.range.contains($0) ? Known(number: $0, origin: origin) : nil }
    }

    /// Fills in what is missing here from a source that counts less.
    ///
    /// Latitude and longitude are filled in together: half of one source's position and half of another's is a place
    /// where nobody was.
    package func filled(from other: CameraTelemetry) -> CameraTelemetry {
        var result = self
        result.known.merge(other.known) { mine, _ in mine }
        result.timeOrigin = timeOrigin ?? other.timeOrigin
        return result
    }

    private mutating func dropHalfPosition() {
        guard (known[.latitude] == nil) != (known[.longitude] == nil) else { return }
        known[.latitude] = nil
        known[.longitude] = nil
    }
}

extension CameraTelemetry {
    /// One letter a value, in the order of `TelemetryValue.allCases`, and one for the time: the first of its origin's
    /// name, `x` for XMP and `i` for EXIF (in pictures); `-` where nothing is known.
    ///
    /// Ten million rows are to hold it.
    package var originCode: String {
        String((TelemetryValue.allCases.map(origin(of:)) + [timeOrigin]).map { $0?.letter ?? "-" })
    }

    /// Reads numbers in the order of `TelemetryValue.allCases`, and `originCode`.
    ///
    /// Rows older than origins have none: what they hold was told explicitly.
    package init(numbers: [Double?], originCode: String?) {
        let origins = (originCode ?? "").map(TelemetryOrigin.init(letter:))
        for (index, value) in TelemetryValue.allCases.enumerated() {
            guard let number = numbers[index] else { continue }
            known[value] = Known(
                number: number, origin: (origins.count > index ? origins[index] : nil) ?? .explicit)
        }
        timeOrigin = origins.count > numbers.count ? origins[numbers.count] : nil
    }
}

extension TelemetryOrigin {
    fileprivate var letter: Character {
        switch self {
        case .explicit: "e"
        case .sidecar: "s"
        case .xmp: "x"
        case .exif: "i"
        case .assumed: "a"
        }
    }

    fileprivate init?(letter: Character) {
        guard let origin = Self.allCases.first(where: { $0.letter == letter }) else { return nil }
        self = origin
    }
}
