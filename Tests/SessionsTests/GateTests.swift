import Sessions
import Synchronization
import Testing

@Suite struct GateTests {
    @Test("No more are inside than may be, and everybody gets in")
    func limit() async {
        let gate = Gate(places: 3)
        let count = Count()
        await withTaskGroup(of: Void.self) { group in
            for session in 0..<50 {
                group.addTask {
                    await gate.enter("\(session)", at: .zero)
                    count.inside.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    for _ in 0..<5 { await Task.yield() }
                    count.inside.withLock {
                        $0.now -= 1
                        $0.passed += 1
                    }
                    gate.leave()
                }
            }
        }
        let (now, most, passed) = count.inside.withLock { $0 }
        #expect(now == 0 && most == 3 && passed == 50)
    }

    private final class Count: Sendable {
        let inside = Mutex((now: 0, most: 0, passed: 0))
    }

    @Test(
        "It is quiet for a session while few others came within the last second", arguments: [(4, 1), (8, 2), (16, 4)])
    func quiet(places: Int, others: Int) async {
        let gate = Gate(places: places)
        await gate.enter("own", at: .seconds(5))
        gate.leave()
        for other in 0..<others {
            #expect(gate.isQuiet(for: "own", at: .seconds(5)))
            await gate.enter("other \(other)", at: .seconds(5))
            gate.leave()
        }
        #expect(!gate.isQuiet(for: "own", at: .milliseconds(5999)))
        #expect(gate.isQuiet(for: "own", at: .seconds(6)))
    }
}
