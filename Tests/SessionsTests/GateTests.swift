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

    private final class Order: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test("Those who can wait let the others go first, and are no reason for others to hold back")
    func urgency() async {
        let gate = Gate(places: 1)
        await gate.enter("first", at: .zero)
        let order = Order()
        func come(_ name: String, _ priority: TaskPriority) -> Task<Void, Never> {
            Task(priority: priority) {
                await gate.enter(name, at: .zero)
                order.names.withLock { $0.append(name) }
                gate.leave()
            }
        }
        var tasks: [Task<Void, Never>] = []
        for (name, priority) in [("film", TaskPriority.low), ("a", .medium), ("b", .medium)] {
            tasks.append(come(name, priority))
            while gate.waiting < tasks.count { await Task.yield() }
        }
        #expect(!gate.isQuiet(for: "film", at: .zero))
        gate.leave()
        for task in tasks { await task.value }
        #expect(order.names.withLock { $0 } == ["a", "b", "film"])

        let other = Gate(places: 4)
        // Whoever waits for a task lends it his own priority.
        let (entered, isIn) = AsyncStream.makeStream(of: Never.self)
        Task(priority: .low) {
            await other.enter("film", at: .zero)
            isIn.finish()
        }
        for await _ in entered {}
        #expect(other.isQuiet(for: "a", at: .zero))
    }
}
