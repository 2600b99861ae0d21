import Inference
import Testing

@Suite struct TrafficTests {
    private let start = ContinuousClock.now

    @Test func `One frame, or two, are no crowd`() {
        let traffic = Traffic()
        #expect(!traffic.enter(at: start))
        #expect(!traffic.enter(at: start))
        #expect(!traffic.isCrowded(at: start))
        traffic.leave()
        #expect(!traffic.enter(at: start))
    }

    @Test func `Three are, and for a second also two of them`() {
        let traffic = Traffic()
        _ = traffic.enter(at: start)
        _ = traffic.enter(at: start)
        #expect(traffic.enter(at: start))
        traffic.leave()
        traffic.leave()
        #expect(traffic.isCrowded(at: start + .milliseconds(900)))
        #expect(traffic.enter(at: start + .milliseconds(900)))
        #expect(!traffic.isCrowded(at: start + .milliseconds(1100)))
        traffic.leave()
        #expect(!traffic.enter(at: start + .milliseconds(1100)))
    }

    @Test func `A frame that is alone is in no crowd, whatever was before`() {
        let traffic = Traffic()
        for _ in 0..<3 { _ = traffic.enter(at: start) }
        for _ in 0..<3 { traffic.leave() }
        #expect(!traffic.isCrowded(at: start))
        #expect(!traffic.enter(at: start))
    }
}
