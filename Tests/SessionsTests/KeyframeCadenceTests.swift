import Foundation
import SSP
import Sessions
import Testing

/// When the image model has to see a frame, with adaptive cadence.
@Suite struct KeyframeCadenceTests {
    @Test func `A session that does not ask for it has none`() {
        #expect(KeyframeCadence(SessionOptions()) == nil)
    }

    @Test func `Of so many frames one at least is a key frame`() {
        let cadence = KeyframeCadence(interval: 3, refreshFraction: 1)
        #expect((0..<4).map { cadence.reason(age: $0) } == [nil, nil, "keyframe-interval", "keyframe-interval"])
        #expect(KeyframeCadence(interval: 1, refreshFraction: 1).reason(age: 0) == "keyframe-interval")
    }

    @Test func `A frame of which too much is stale is a key frame`() {
        let cadence = KeyframeCadence(interval: 8, refreshFraction: 0.25)
        #expect(cadence.reason(stale: 0.25) == nil)
        #expect(cadence.reason(stale: 0.26) == "keyframe-stale")
    }

    @Test func `Options that were stored before one of them existed are read with its default`() throws {
        let stored = #"{"registration": "orb", "max_gap_ms": 250}"#
        var expected = SessionOptions()
        expected.registration = .orb
        expected.maxGapMs = 250
        #expect(SessionOptions(json: stored) == expected)
    }

    @Test func `Options are read as they were stored`() throws {
        var options = SessionOptions()
        options.propagation = .none
        options.registration = .akaze
        options.onRegistrationLoss = .identity
        options.maxGapMs = 5
        options.idleTimeoutS = 6
        options.late = .stateless
        options.overflow = .dropOldest
        options.statePrecision = .float16
        options.cadence = .adaptive
        options.keyframeInterval = 7
        options.refreshFraction = 0.5
        options.storeMasks = false
        options.storeImages = .original
        options.resume = .cold
        #expect(try JSONDecoder().decode(SessionOptions.self, from: JSONEncoder().encode(options)) == options)
    }
}
