/// A model that a server can run.
public struct Model: Codable, Sendable, Equatable {
    public struct Class: Codable, Sendable, Equatable {
        public var name: String
        /// `#rrggbb`.
        public var color: String?
    }

    public var name: String
    public var version: String?
    public var description: String?
    public var licence: String?
    /// In the order of their pixel values.
    public var classes: [Class]?
}
