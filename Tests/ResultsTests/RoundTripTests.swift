import Foundation
import Results
import Telemetry
import Testing

@Suite struct RoundTripTests {
    @Test func `whatever is committed reads back the same`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        var generator = SeededGenerator(state: 1)
        let session = SessionRecord.make()
        try await store.insert(session)
        for sequence in 0..<300 {
            let given = generator.frame(session: session.id, sequence: sequence)
            let pictures = generator.pictures()
            let returned = try await store.commit(given, pictures: pictures)
            #expect(try await store.frame(given.id) == returned)
            for (blob, bytes) in [
                (returned.mask, pictures.mask), (returned.similarity, pictures.similarity),
                (returned.image, pictures.image),
            ] {
                #expect((blob == nil) == (bytes == nil))
                if let blob { #expect(try await store.read(blob) == bytes) }
            }

            // Nothing was changed but the times, by less than a microsecond, and the order of the classes.
            #expect(abs(returned.capturedAt.timeIntervalSince(given.capturedAt)) < 1e-6)
            #expect(abs(returned.receivedAt.timeIntervalSince(given.receivedAt)) < 1e-6)
            var expected = given
            expected.capturedAt = returned.capturedAt
            expected.receivedAt = returned.receivedAt
            expected.classes.sort { $0.value < $1.value }
            expected.mask = returned.mask
            expected.similarity = returned.similarity
            expected.image = returned.image
            #expect(returned == expected)
        }
    }

    @Test func `what a database cannot hold is left out`() async throws {
        let folder = TemporaryFolder()
        let store = try folder.open()
        let session = SessionRecord.make()
        try await store.insert(session)
        var frame = FrameRecord.make(session: session.id, 1)
        frame.similarityMean = .nan
        frame.changedFraction = .infinity
        frame.telemetry = CameraTelemetry([.latitude: .nan, .longitude: 8], origin: .exif)
        frame.registration = .init(method: "klt", ok: false, matches: 3, inliers: 0, homography: [.nan])
        frame.stageMs = ["image": 1, "fuse": .nan]
        frame.capturedAt = .init(timeIntervalSinceReferenceDate: .infinity)
        frame.mask = .init(file: "elsewhere", offset: 1, length: 1)

        let returned = try await store.commit(frame, pictures: .init())
        #expect(try await store.frame(frame.id) == returned)
        #expect(returned.similarityMean == nil)
        #expect(returned.changedFraction == nil)
        #expect(returned.telemetry == nil)
        #expect(returned.registration == .init(method: "klt", ok: false, matches: 3, inliers: 0, homography: nil))
        #expect(returned.stageMs == ["image": 1])
        #expect(returned.capturedAt.formatted(.iso8601) <= "9999-12-31T23:59:59Z")
        #expect(returned.mask == nil)
    }
}

extension SeededGenerator {
    fileprivate mutating func text() -> String {
        ["", "a", "kestrel-7", "Zürich", "猛禽", "o'clock; --", "\u{1F681}\n\t\"\\"].randomElement(using: &self)!
    }

    /// Any finite number, subnormal and huge ones among them.
    fileprivate mutating func number() -> Double {
        let number = Double(bitPattern: next())
        return number.isFinite ? number : .random(in: -1...1, using: &self)
    }

    /// Within a century of now, with more digits than a microsecond.
    fileprivate mutating func date() -> Date {
        Date.noon + .random(in: -3e9...3e9, using: &self)
    }

    fileprivate mutating func frame(session: String, sequence: Int) -> FrameRecord {
        let homography = (0..<9).map { _ in number() }
        let registration = FrameRecord.Registration(
            method: text(), ok: .random(using: &self), matches: .random(in: 0...500, using: &self),
            inliers: .random(in: 0...500, using: &self), homography: maybe(homography))
        let footprint = Footprint(
            corners: (0..<4).map { _ in
                Coordinate(
                    latitude: .random(in: -85...85, using: &self), longitude: .random(in: -180...180, using: &self))
            })
        let classes = (0..<Int.random(in: 0...8, using: &self)).shuffled(using: &self).map {
            FrameRecord.ClassPixels(value: $0, name: "\(text())\($0)", pixels: Int(next() >> 1), fraction: number())
        }
        let stages = ["queue", "decode", "image", "register", "fuse"].map { ($0, number()) }
        return FrameRecord(
            id: UUIDv7.make(), sessionID: session, sequence: sequence, digest: text(),
            idempotencyKey: maybe("\(text())\(sequence)"), droneID: maybe(text()), missionID: maybe(text()),
            model: text(), modelVersion: text(), capturedAt: date(), receivedAt: date(),
            width: .random(in: 0...10_000, using: &self), height: .random(in: .min ... .max, using: &self),
            mode: text(), reason: maybe(text()), gapFrames: .random(in: 0...9, using: &self),
            gapMs: maybe(.random(in: 0...9999, using: &self)), registration: maybe(registration),
            similarityMean: maybe(number()), changedFraction: maybe(number()),
            telemetry: maybe(telemetry()), footprint: maybe(footprint), footprintReason: maybe(text()),
            classes: classes, stageMs: Dictionary(uniqueKeysWithValues: stages))
    }

    /// Some values, each from somewhere else.
    private mutating func telemetry() -> CameraTelemetry {
        var telemetry = CameraTelemetry([.latitude: 1, .longitude: 2], origin: .sidecar)
        telemetry.timeOrigin = maybe(.exif)
        for value in TelemetryValue.allCases {
            let number = maybe(Double.random(in: value.range, using: &self))
            telemetry.set(value, number, origin: TelemetryOrigin.allCases.randomElement(using: &self)!)
        }
        return telemetry
    }

    fileprivate mutating func pictures() -> FramePictures {
        func bytes(_ generator: inout SeededGenerator) -> [UInt8] {
            (0..<Int.random(in: 0...2000, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        }
        return FramePictures(mask: maybe(bytes(&self)), similarity: maybe(bytes(&self)), image: maybe(bytes(&self)))
    }
}
