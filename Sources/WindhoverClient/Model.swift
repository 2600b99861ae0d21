/// A model that a server can run.
public struct Model: Codable, Sendable, Equatable {
    public struct Class: Codable, Sendable, Equatable {
        /// The class's pixel value in masks.
        public var value: Int?
        public var name: String
        /// `#rrggbb`.
        public var color: String?
    }

    /// Pixels the network runs at, whatever the size of the frames.
    public struct Input: Codable, Sendable, Equatable {
        public var width: Int
        public var height: Int
    }

    public var name: String
    public var version: String?
    public var description: String?
    public var licence: String?
    /// Sessions that name no model get this one.
    public var isDefault: Bool?
    public var input: Input?
    public var classes: [Class]?
    /// Memory that one session sets aside.
    public var stateBytes: Int?

    enum CodingKeys: String, CodingKey {
        case name, version, description, licence, input, classes
        case isDefault = "default"
        case stateBytes = "state_bytes"
    }
}
