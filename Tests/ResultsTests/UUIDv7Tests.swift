import Foundation
import Results
import Testing

@Suite struct UUIDv7Tests {
    @Test func `an identifier shows its version, its variant and its time`() throws {
        let text = UUIDv7.Generator().next(now: Date(timeIntervalSince1970: 1_645_557_742))
        // RFC 9562, appendix A.6, uses this instant.
        #expect(text.hasPrefix("017f22e2-79b0-7"))
        #expect("89ab".contains(text[text.index(text.startIndex, offsetBy: 19)]))
        #expect(UUID(uuidString: text) != nil)
        #expect(text == text.lowercased())
    }

    @Test func `identifiers rise within a millisecond, and when the clock steps back`() {
        let generator = UUIDv7.Generator()
        var last = ""
        for step in 0..<20_000 {
            let now = Date.noon.addingTimeInterval(step < 10_000 ? 0 : -3600)
            let next = generator.next(now: now)
            #expect(next > last)
            last = next
        }
    }

    @Test func `a clock that is far out of range is held at its bounds`() {
        let generator = UUIDv7.Generator()
        #expect(generator.next(now: .init(timeIntervalSince1970: -1e12)).hasPrefix("00000000-0000-7"))
        #expect(generator.next(now: .init(timeIntervalSince1970: 1e18)).hasPrefix("ffffffff-ffff-7"))
    }

    @Test func `tasks side by side never draw the same identifier`() async {
        let drawn = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in UUIDv7.make() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(drawn).count == 16_000)
    }
}
