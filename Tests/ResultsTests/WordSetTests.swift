import Results
import Testing

@Suite struct WordSetTests {
    /// Words that fell together would have searches look where nothing is.
    @Test(arguments: [
        ["cold", "propagated", "reset", "stateless", "carried"],
        [
            "none", "client", "restart", "idle", "resume", "gap", "size", "registration", "registration-identity",
            "late", "propagation-none", "keyframe-interval", "keyframe-stale",
        ],
        ["none", "klt", "orb", "akaze", "identity", "supplied"],
    ])
    func `words that are written have places of their own`(words: [String]) {
        #expect(WordSet(words).bits.nonzeroBitCount == words.count)
    }
}
