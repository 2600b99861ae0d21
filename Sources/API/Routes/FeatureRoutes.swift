import Foundation
import Hummingbird
import Results

/// The list of frames as OGC API Features (part 1, core, with GeoJSON) has it, which QGIS and GDAL read.
struct FeatureRoutes {
    static let root = "/v1/ogc"
    static let collection = "\(root)/collections/\(FeatureView.collection)"
    static let items = "\(collection)/items"

    let store: any ResultStore

    var routes: [Route] {
        [
            .get(Self.root, .read(.shared), landing),
            .get("\(Self.root)/api", .read(.shared), definition),
            .get("\(Self.root)/conformance", .read(.shared), conformance),
            .get("\(Self.root)/collections", .read(.bounded), collections),
            .get(Self.collection, .read(.bounded), collection),
            .get(Self.items, .read(.bounded), items),
            .get("\(Self.items)/{id}", .read(.frame), item),
        ]
    }

    private enum Form: String, CaseIterable { case json }

    /// All of these are JSON and nothing else; clients like to ask for it.
    private func refuseOtherForms(_ request: Request) throws(Problem) {
        let _: Form? = try QueryParameters(request, allowed: ["f"]).choice("f")
    }

    @Sendable private func landing(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        let base = request.base
        return .json(
            LandingView(
                title: "Windhover", description: "What the fleet has seen, frame by frame.",
                links: [
                    LinkView(href: "\(base)\(Self.root)", rel: "self", type: "application/json"),
                    LinkView(href: "\(base)\(Self.root)/conformance", rel: "conformance", type: "application/json"),
                    LinkView(href: "\(base)\(Self.root)/collections", rel: "data", type: "application/json"),
                    LinkView(href: "\(base)\(Self.root)/api", rel: "service-desc", type: Self.definitionType),
                    LinkView(href: "\(base)/openapi.yaml", rel: "service-doc", type: "application/yaml"),
                ]))
    }

    private static let definitionType = "application/vnd.oai.openapi+json;version=3.0"

    /// What clients of the standard read to learn parameters.
    ///
    /// GDAL takes JSON alone; `/openapi.yaml` says it all.
    @Sendable private func definition(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        return .bytes(
            Response.encoded(DefinitionView(root: "\(request.base)\(Self.root)")), type: Self.definitionType)
    }

    @Sendable private func conformance(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        let classes = ["core", "geojson"].map { "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/\($0)" }
        return .json(["conformsTo": classes])
    }

    @Sendable private func collections(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        let base = request.base
        return .json(
            CollectionsView(
                collections: [
                    CollectionView(extent: try await store.extent(within: context.access.bounds), base: base)
                ],
                links: [LinkView(href: "\(base)\(Self.root)/collections", rel: "self", type: "application/json")]))
    }

    @Sendable private func collection(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        return .json(CollectionView(extent: try await store.extent(within: context.access.bounds), base: request.base))
    }

    @Sendable private func items(_ request: Request, _ context: Context) async throws -> Response {
        let wanted = try FrameQueryParameters(request, within: context.access.bounds)
        return .features(try await store.frames(wanted.query), wanted, request)
    }

    @Sendable private func item(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherForms(request)
        let id = try context.parameter("id")
        guard let frame = try await store.frame(id) else { throw Problem.noFrame(id) }
        let view = FeatureView(frame: frame, only: nil, base: request.base)
        return .bytes(Response.encoded(view), type: FeatureView.mediaType)
    }
}

/// The least of OpenAPI 3.0 that names the collection's parameters.
private struct DefinitionView: Encodable {
    struct Info: Encodable {
        let title = "Windhover"
        let version = "1"
        private enum CodingKeys: CodingKey { case title, version }
    }
    struct Server: Encodable { let url: String }
    struct Schema: Encodable { let type: String }
    struct Parameter: Encodable {
        let name: String
        let `in` = "query"
        let schema: Schema
        private enum CodingKeys: CodingKey { case name, `in`, schema }
    }
    struct Answer: Encodable { let description: String }
    struct Operation: Encodable {
        let parameters: [Parameter]
        let responses: [String: Answer]
    }

    let openapi = "3.0.3"
    let info = Info()
    let servers: [Server]
    let paths: [String: [String: Operation]]

    private enum CodingKeys: CodingKey { case openapi, info, servers, paths }

    init(root: String) {
        servers = [Server(url: root)]
        let parameters = FrameQueryParameters.names.sorted().map {
            Parameter(name: $0, schema: Schema(type: $0 == "limit" ? "integer" : "string"))
        }
        let page = ["200": Answer(description: "A page of features."), "400": Answer(description: "A problem.")]
        paths = [
            "/collections/\(FeatureView.collection)/items": [
                "get": Operation(parameters: parameters, responses: page)
            ]
        ]
    }
}

private struct LandingView: Encodable {
    let title: String
    let description: String
    let links: [LinkView]
}

private struct CollectionsView: Encodable {
    let collections: [CollectionView]
    let links: [LinkView]
}

/// The one collection there is.
private struct CollectionView: Encodable {
    let extent: FrameExtent
    let base: String

    private enum Key: CodingKey { case id, title, description, itemType, crs, extent, links }

    private struct Extent: Encodable {
        struct Spatial: Encodable { let bbox: [[Double]] }
        struct Temporal: Encodable { let interval: [[String?]] }
        let spatial: Spatial
        let temporal: Temporal
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(FeatureView.collection, forKey: .id)
        try out.encode("Frames", forKey: .title)
        try out.encode("Frames of the whole fleet: where the camera was, and what was seen.", forKey: .description)
        try out.encode("feature", forKey: .itemType)
        try out.encode(["http://www.opengis.net/def/crs/OGC/1.3/CRS84"], forKey: .crs)
        let box = extent.box ?? GeoBox(west: -180, south: -90, east: 180, north: 90)
        let times = [extent.from.map(RFC3339.text), extent.to.map(RFC3339.text)]
        try out.encode(
            Extent(
                spatial: .init(bbox: [[box.west, box.south, box.east, box.north]]), temporal: .init(interval: [times])),
            forKey: .extent)
        try out.encode(
            [
                LinkView(href: "\(base)\(FeatureRoutes.collection)", rel: "self", type: "application/json"),
                LinkView(href: "\(base)\(FeatureRoutes.items)", rel: "items", type: FeatureView.mediaType),
            ], forKey: .links)
    }
}
