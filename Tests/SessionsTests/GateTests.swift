import Sessions
import Synchronization
import Testing

@Suite struct GateTests {
    @Test("No more are inside than may be, and everybody gets in")
    func limit() async {
        let gate = Gate(places: 3)
        let count = Count()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    await gate.enter()
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
        #expect(gate.isQuiet)
    }

    private final class Count: Sendable {
        let inside = Mutex((now: 0, most: 0, passed: 0))
    }

    @Test("It is quiet while fewer than half of the places are taken")
    func quiet() async {
        let gate = Gate(places: 4)
        await gate.enter()
        #expect(gate.isQuiet)
        await gate.enter()
        #expect(!gate.isQuiet)
        gate.leave()
        #expect(gate.isQuiet)
    }
}
