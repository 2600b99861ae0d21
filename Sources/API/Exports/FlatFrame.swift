import Foundation
import Results
import Telemetry

/// A frame's record as one row: what programs that make columns of things want, on maps and in tables.
///
/// `fraction_road` is the part of the frame that is road. A column is asked for by its own name, or by the member of the
/// record that it is a part of.
struct FlatFrame {
    enum Value: Sendable {
        case text(String), int(Int), double(Double), bool(Bool)
    }

    struct Column: Sendable {
        let name: String
        /// Of the record, where that is called otherwise.
        let members: Set<String>
        let value: @Sendable (FrameRecord) -> Value?

        init(
            _ name: String, of members: Set<String> = [], _ value: @escaping @Sendable (FrameRecord) -> Value?
        ) {
            self.name = name
            self.members = members.union([name])
            self.value = value
        }

        /// `only`: members that are asked for; nil: all.
        func isWanted(_ only: Set<String>?) -> Bool { only.map { !$0.isDisjoint(with: members) } ?? true }
    }

    /// All but classes and telemetry.
    static let columns: [Column] = [
        Column("received_at") { .text(RFC3339.text($0.receivedAt)) },
        Column("session_id") { .text($0.sessionID) },
        Column("drone_id") { $0.droneID.map(Value.text) },
        Column("mission_id") { $0.missionID.map(Value.text) },
        Column("sequence") { .int($0.sequence) },
        Column("epoch") { .int($0.epoch) },
        Column("model") { .text($0.model) },
        Column("model_version") { .text($0.modelVersion) },
        Column("width") { .int($0.width) },
        Column("height") { .int($0.height) },
        Column("mode") { .text($0.mode) },
        Column("reason") { $0.reason.map(Value.text) },
        Column("keyframe") { .bool($0.isKeyframe) },
        Column("gap_frames") { .int($0.gapFrames) },
        Column("gap_ms") { $0.gapMs.map(Value.int) },
        Column("registration") { $0.registration.map { .text($0.method) } },
        Column("registration_ok", of: ["registration"]) { $0.registration.map { .bool($0.ok) } },
        Column("matches", of: ["registration"]) { $0.registration.map { .int($0.matches) } },
        Column("inliers", of: ["registration"]) { $0.registration.map { .int($0.inliers) } },
        Column("similarity_mean") { $0.similarityMean.map(Value.double) },
        Column("changed_fraction") { $0.changedFraction.map(Value.double) },
    ]

    static let telemetry = TelemetryValue.allCases.map { value in
        let isOlder = [.latitude, .longitude, .altitude, .heading].contains(value)
        return Column(value.rawValue, of: isOlder ? ["position", "telemetry"] : ["telemetry"]) {
            $0.telemetry?[value].map(Value.double)
        }
    }

    static func fraction(of name: String) -> Column {
        Column("fraction_\(name)", of: ["classes"]) { frame in
            frame.classes.first { $0.name == name }.map { .double($0.fraction) }
        }
    }
}

extension FlatFrame.Value: Encodable {
    func encode(to encoder: any Encoder) throws {
        var out = encoder.singleValueContainer()
        switch self {
        case .text(let text): try out.encode(text)
        case .int(let number): try out.encode(number)
        case .double(let number): try out.encode(number)
        case .bool(let flag): try out.encode(flag)
        }
    }
}
