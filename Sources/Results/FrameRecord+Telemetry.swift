import GRDB
import Telemetry

extension CameraTelemetry {
    /// The order in which `FrameRecord.telemetryArguments` writes, and the initialisers below read.
    static let columns =
        TelemetryValue.allCases.map(\.rawValue) + [
            "telemetry_origin", "footprint", "footprint_west", "footprint_south", "footprint_east", "footprint_north",
            "footprint_reason",
        ]

    /// Nil where nothing is known.
    init?(_ row: inout RowReader) {
        let numbers = TelemetryValue.allCases.map { _ -> Double? in row.next() }
        self.init(numbers: numbers, originCode: row.next())
        if isEmpty { return nil }
    }
}

extension Footprint {
    /// Nil where there is none.
    init?(_ row: inout RowReader) throws {
        let ring: String? = row.next()
        // The bounds follow from the ring; they are there for queries.
        for _ in 0..<4 { let _: Double? = row.next() }
        guard let ring else { return nil }
        let corners: [[Double]] = try JSON.value(ring)
        self.init(corners: corners.map { Coordinate(latitude: $0[1], longitude: $0[0]) })
    }
}

extension FrameRecord {
    func telemetryArguments() throws -> StatementArguments {
        let bounds = footprint?.bounds
        let ring = try footprint.map { try JSON.text($0.corners.map { [$0.longitude, $0.latitude] }) }
        return StatementArguments(TelemetryValue.allCases.map { telemetry?[$0] }) + [
            telemetry?.originCode, ring, bounds?.west, bounds?.south, bounds?.east, bounds?.north, footprintReason,
        ]
    }
}
