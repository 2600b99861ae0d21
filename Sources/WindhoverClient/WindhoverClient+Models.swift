extension WindhoverClient {
    /// The models the server can run.
    public func models() async throws -> [Model] {
        try await transport.decode(Page<Model>.self, HTTPCall(.get, "v1", "models")).items
    }

    /// A model by name.
    public func model(_ name: String) async throws -> Model {
        try await transport.decode(Model.self, HTTPCall(.get, "v1", "models", name))
    }
}
