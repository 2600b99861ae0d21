import Inference
import Testing

@Suite struct UrgencyLineTests {
    @Test("Among equals it is first come, first served", arguments: [true, false])
    func order(isUrgent: Bool) {
        var line = UrgencyLine<Int>()
        for number in 0..<6 { line.append(number, isUrgent: isUrgent) }
        #expect((0..<7).map { _ in line.popFirst() } == [0, 1, 2, 3, 4, 5, nil])
    }

    @Test("Who is urgent overtakes, but whoever waits longest is passed over three times at most")
    func overtaking() {
        var line = UrgencyLine<Int>()
        for number in 0..<10 { line.append(number, isUrgent: number > 1) }
        #expect((0..<10).compactMap { _ in line.popFirst() } == [2, 3, 4, 0, 5, 6, 7, 1, 8, 9])
    }
}
