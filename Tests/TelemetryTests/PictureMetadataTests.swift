import Foundation
import Telemetry
import Testing

@Suite struct PictureMetadataTests {
    @Test("EXIF says when, where and through which lens", arguments: [true, false])
    func exif(littleEndian: Bool) throws {
        var builder = PictureBuilder.typical
        builder.littleEndian = littleEndian
        builder.xmp = nil
        let sources = PictureMetadata.sources(in: builder.bytes)
        let exif = try #require(sources.first)
        #expect(sources.count == 1 && exif.origin == .exif)
        #expect(exif.capturedAt == Date(timeIntervalSince1970: 1_780_300_800.25))
        #expect(exif.focalLength35mm == 24)
        let expected: [TelemetryValue: Double] = [
            .latitude: 49.4875, .longitude: -8.466, .altitude: -10.5, .heading: 275.5, .speed: 10,
        ]
        #expect(Set(exif.values.keys) == Set(expected.keys))
        for (value, number) in expected { #expect(abs((exif.values[value] ?? 0) - number) < 1e-9, "\(value)") }
    }

    @Test func `DJI's XMP says how the camera was held, and counts before EXIF`() throws {
        let sources = PictureMetadata.sources(in: PictureBuilder.typical.bytes)
        #expect(sources.map(\.origin) == [.xmp, .exif])
        #expect(
            sources[0].values == [
                .latitude: 49.4875, .longitude: 8.466, .altitude: 160.5, .heightAboveGround: 50.3, .heading: -91,
                .gimbalYaw: -92.4, .gimbalPitch: -89.9, .gimbalRoll: 0, .speed: 5,
            ])
        let camera = CameraTelemetry(sources, width: 4000, height: 3000)
        #expect(camera[.longitude] == 8.466 && camera.origin(of: .longitude) == .xmp)
        #expect(camera.origin(of: .horizontalFieldOfView) == .exif && camera.timeOrigin == .exif)
        // 24 mm on 36 × 24 mm see 84.1 degrees along the diagonal (CIPA DCG-001).
        let half = { (value: TelemetryValue) in tan((camera[value] ?? 0) * .pi / 360) }
        let diagonal = (half(.horizontalFieldOfView), half(.verticalFieldOfView))
        let angle = 2 * atan((diagonal.0 * diagonal.0 + diagonal.1 * diagonal.1).squareRoot()) * 180 / .pi
        #expect(abs(angle - 84.06) < 0.02)
        #expect(GroundReport(sources, width: 4000, height: 3000).footprint != nil)
    }

    @Test func `what is told counts before what the picture says, value by value`() {
        let told = TelemetrySource(
            .explicit, [.latitude: 1, .longitude: 2, .verticalFieldOfView: 30],
            capturedAt: Date(timeIntervalSince1970: 5))
        let camera = CameraTelemetry(
            [told] + PictureMetadata.sources(in: PictureBuilder.typical.bytes), width: 400, height: 300)
        #expect(camera[.latitude] == 1 && camera[.longitude] == 2 && camera.origin(of: .latitude) == .explicit)
        #expect(camera[.altitude] == 160.5 && camera.origin(of: .altitude) == .xmp)
        // Both fields of view are of one source: not one of it and one of EXIF's lens.
        #expect(camera.origin(of: .horizontalFieldOfView) == .explicit)
        #expect(abs(tan((camera[.horizontalFieldOfView] ?? 0) * .pi / 360) / tan(.pi / 12) - 4 / 3) < 1e-9)
        #expect(camera.timeOrigin == .explicit)
    }

    @Test func `a position is one source's whole, or none`() {
        let half = TelemetrySource(.explicit, [.latitude: 91, .longitude: 2])
        let camera = CameraTelemetry(
            [half] + PictureMetadata.sources(in: PictureBuilder.typical.bytes), width: 4, height: 3)
        #expect(camera.origin(of: .latitude) == .xmp && camera.origin(of: .longitude) == .xmp)
    }

    @Test func `a time without its offset from UTC is none, unless satellites told it`() {
        var builder = PictureBuilder.typical
        builder.camera.removeAll { $0.0 == 0x9011 }
        #expect(PictureMetadata.sources(in: builder.bytes).last?.capturedAt == nil)
        builder.gps += [(7, .rationals([(8, 1), (0, 1), (15, 10)])), (29, .text("2026:06:01"))]
        #expect(
            PictureMetadata.sources(in: builder.bytes).last?.capturedAt == Date(timeIntervalSince1970: 1_780_300_801.5))
    }

    @Test(
        "What makes no sense is not there",
        arguments: [
            (2, PictureBuilder.Value.rationals([(91, 1), (0, 1), (0, 1)]), TelemetryValue.latitude),
            (2, .rationals([(49, 0), (0, 1), (0, 1)]), .latitude), (2, .rationals([(49, 1)]), .latitude),
            (2, .rationals([(49, 1), (61, 1), (0, 1)]), .latitude), (2, .text("49"), .latitude),
            (1, .text("X"), .latitude), (9, .text("V"), .latitude), (6, .rationals([(1, 0)]), .altitude),
            (6, .rationals([(4_000_000_000, 1)]), .altitude), (16, .text("M"), .heading), (12, .text("?"), .speed),
        ])
    func nonsense(tag: Int, value: PictureBuilder.Value, missing: TelemetryValue) {
        var builder = PictureBuilder.typical
        builder.gps.removeAll { $0.0 == tag }
        builder.gps.append((tag, value))
        builder.xmp = nil
        let values = PictureMetadata.sources(in: builder.bytes).first?.values
        let camera = CameraTelemetry(PictureMetadata.sources(in: builder.bytes), width: 4, height: 3)
        #expect(values != nil && values?[missing] == nil && camera[missing] == nil)
        #expect((camera[.latitude] == nil) == (camera[.longitude] == nil))
    }

    @Test func `a receiver without a fix writes zeros, and they are no place`() {
        var builder = PictureBuilder.typical
        let zero = PictureBuilder.Value.rationals([(0, 1), (0, 1), (0, 1)])
        builder.gps = [(1, .text("N")), (2, zero), (3, .text("E")), (4, zero)]
        builder.xmp = builder.xmp?.replacing("49.4875", with: "0").replacing("+8.4660", with: "0.000")
        let camera = CameraTelemetry(PictureMetadata.sources(in: builder.bytes), width: 4, height: 3)
        #expect(camera[.latitude] == nil && camera[.gimbalPitch] == -89.9)
    }

    @Test func `a lens with digital zoom has no field of view that is known`() {
        var builder = PictureBuilder.typical
        builder.camera = [(0xa404, .rationals([(2, 1)])), (0xa405, .short(24))]
        #expect(PictureMetadata.sources(in: builder.bytes).last?.focalLength35mm == nil)
    }

    @Test func `damaged metadata never harms`() {
        let whole = PictureBuilder.typical.bytes
        var generator = SeededGenerator(state: 5)
        var different = 0
        for round in 0..<20_000 {
            var file = whole
            switch round % 4 {
            case 0: file.removeLast(.random(in: 0...file.count, using: &generator))
            case 1:
                let start = Int.random(in: 0..<file.count, using: &generator)
                file.removeSubrange(start..<min(file.count, start + .random(in: 1...30, using: &generator)))
            default: break
            }
            for _ in 0..<Int.random(in: 0...6, using: &generator) where !file.isEmpty {
                let place = Int.random(in: 0..<file.count, using: &generator)
                let extreme: [UInt8] = [0, 1, 0x22, 0x3c, 0x7f, 0x80, 0xff]
                file[place] =
                    Bool.random(using: &generator)
                    ? extreme.randomElement(using: &generator)! : .random(in: 0...255, using: &generator)
            }
            let sources = PictureMetadata.sources(in: file)
            different += sources == PictureMetadata.sources(in: whole) ? 0 : 1
            #expect(sources.allSatisfy { $0.values.allSatisfy { $0.key.range.contains($0.value) } })
            // Whatever comes of it can be stored, and laid on the ground or not.
            let report = GroundReport(sources, width: 640, height: 480)
            #expect((report.footprint != nil || report.obstacle != nil) == (report.telemetry != nil))
            if let footprint = report.footprint {
                #expect(footprint.corners.allSatisfy { abs($0.latitude) <= 90 && abs($0.longitude) <= 180 })
            }
        }
        #expect(different > 5000, "most of the damage shows")
        // Thousands of segments, and properties without end, are not waited for.
        let empty = [UInt8](repeating: 0, count: 0) + (0..<100_000).flatMap { _ in [0xff, 0xe1, 0, 2] as [UInt8] }
        #expect(PictureMetadata.sources(in: [0xff, 0xd8] + empty).isEmpty)
    }
}
