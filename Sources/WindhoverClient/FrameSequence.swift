/// The records of all frames that a query describes, newest first.
public struct FrameSequence: AsyncSequence, Sendable {
    public typealias Element = FrameRecord

    let client: WindhoverClient
    let query: FrameQuery

    public func makeAsyncIterator() -> Iterator {
        Iterator(client: client, query: query)
    }

    /// Asks for the next page when the last one is used up.
    public struct Iterator: AsyncIteratorProtocol {
        let client: WindhoverClient
        /// Of the next page; nil after the last.
        var query: FrameQuery?
        var waiting: ArraySlice<FrameRecord> = []

        public mutating func next() async throws -> FrameRecord? {
            while waiting.isEmpty, var query {
                let page = try await client.frames(query)
                waiting = page.items[...]
                query.cursor = page.nextCursor
                self.query = page.nextCursor == nil ? nil : query
            }
            return waiting.popFirst()
        }
    }
}
