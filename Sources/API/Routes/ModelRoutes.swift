import HTTPTypes
import Hummingbird
import Inference
import Sessions

/// `/v1/models`: what the server has loaded.
struct ModelRoutes {
    let registry: SessionRegistry

    var routes: [Route] {
        [.get("/v1/models", .anyKey, list), .get("/v1/models/{name}", .anyKey, get)]
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let models = registry.models.values.sorted { $0.bundle.name < $1.bundle.name }
        return .json(
            ListView(
                items: models.map { ModelView(model: $0, isDefault: $0.bundle.name == registry.defaultModel) },
                nextCursor: nil))
    }

    @Sendable private func get(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let name = try context.parameter("name")
        guard let model = registry.models[name] else {
            throw Problem(
                status: .notFound, slug: "model-not-found", title: "There is no such model",
                detail: "No model is named \"\(name)\".", field: "name",
                extra: ["models": .strings(registry.models.keys.sorted())])
        }
        return .json(ModelView(model: model, isDefault: name == registry.defaultModel))
    }
}
