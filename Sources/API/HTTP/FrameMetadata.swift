import Results
import SSP
import Sessions
import Telemetry

/// What comes with an image: in the query, or as members of a JSON object.
struct FrameMetadata {
    static let names = Set(
        TelemetryValue.allCases.map(\.rawValue) + [
            "captured_at", focalLength, "sidecar", "assume_nadir", "homography",
        ])
    private static let focalLength = "focal_35mm"

    private let told: TelemetrySource
    private let assumesNadir: Bool
    private let homography: Homography?

    init(query: QueryParameters) throws(Problem) {
        let numbers = try query.string("homography")?.split(separator: ",", omittingEmptySubsequences: false)
        try self.init(query, homography: numbers?.map { Double($0) ?? .nan })
    }

    init(meta: JSONMembers) throws(Problem) {
        try self.init(meta, homography: try meta.doubles("homography"))
    }

    private init(_ values: some NamedValues, homography numbers: [Double]?) throws(Problem) {
        let isSidecar = try values.bool("sidecar") ?? false
        var told = TelemetrySource(isSidecar ? .sidecar : .explicit)
        told.capturedAt = try values.date("captured_at")
        for value in TelemetryValue.allCases { told.values[value] = try values.double(value.rawValue, in: value.range) }
        told.focalLength35mm = try values.double(Self.focalLength, in: TelemetrySource.focalLengths)
        try Self.refuseHalfPosition(told.values)
        if let first = [TelemetryValue.horizontalFieldOfView, .verticalFieldOfView].first(where: {
            told.values[$0] != nil
        }),
            told.focalLength35mm != nil
        {
            throw .invalid(Self.focalLength, "\"\(Self.focalLength)\" and \"\(first.rawValue)\" tell the same twice.")
        }
        self.told = told
        assumesNadir = try values.bool("assume_nadir") ?? false
        homography = try numbers.map { numbers throws(Problem) in
            guard let homography = Homography(numbers) else {
                throw .invalid(
                    "homography",
                    "\"homography\" must be nine numbers, row by row, of an invertible matrix: previous → current.")
            }
            return homography
        }
    }

    private static func refuseHalfPosition(_ values: [TelemetryValue: Double]) throws(Problem) {
        let pair = [TelemetryValue.latitude, .longitude]
        guard let missing = pair.first(where: { values[$0] == nil }), pair.contains(where: { values[$0] != nil }) else {
            return
        }
        throw .invalid(missing.rawValue, "\"\(missing.rawValue)\" is missing: a position has both \"lat\" and \"lon\".")
    }

    func upload(_ sequence: Int?, _ key: String?, _ image: [UInt8]) -> FrameUpload {
        FrameUpload(
            sequence: sequence, idempotencyKey: key, image: image, told: told, assumesNadir: assumesNadir,
            homography: homography)
    }
}
