import Results
import Testing

@Suite(.timeLimit(.minutes(1))) struct SearchLineTests {
    private actor Running {
        private var now = 0
        private(set) var most = 0

        func begin() {
            now += 1
            most = max(most, now)
        }

        func end() { now -= 1 }
    }

    @Test func `no more searches run at a time than there are places, and all have their turn`() async throws {
        let line = SearchLine(places: 2)
        let running = Running()
        let ended = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await line.pass {
                        await running.begin()
                        // The second place is taken while the first is: neither goes on alone.
                        while number < 2, await running.most < 2 { try await Task.sleep(for: .milliseconds(1)) }
                        await running.end()
                        return number
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ended == Set(0..<20))
        #expect(await running.most == 2)
    }

    @Test func `a search that fails leaves its place to the next`() async throws {
        let line = SearchLine(places: 1)
        for _ in 0..<3 {
            await #expect(throws: NeverCame.self) { try await line.pass { throw NeverCame() } }
        }
        #expect(try await line.pass { 7 } == 7)
    }
}
