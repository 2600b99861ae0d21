import Foundation
import HTTPTypes
import Hummingbird
import Imaging
import Results
import Sessions

/// Frames out: the log's rows, and what can be made of a stored mask.
struct FrameRoutes {
    let registry: SessionRegistry
    let store: any ResultStore
    let pictures: PictureMaker

    var routes: [Route] {
        [
            .get("/v1/frames", .read(.bounded), list),
            .get("/v1/frames/{id}", .read(.frame), get),
            .get("/v1/frames/{id}/image", .read(.frame), image),
            .get("/v1/frames/{id}/mask", .read(.frame), mask),
            .get("/v1/frames/{id}/overlay", .read(.frame), overlay),
            .get("/v1/frames/{id}/similarity", .read(.frame), similarity),
            .get("/v1/frames/{id}/rle", .read(.frame), rle),
            .get("/v1/frames/{id}/polygons", .read(.frame), polygons),
        ]
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let wanted = try FrameQueryParameters(request, within: context.access.bounds)
        let page = try await store.frames(wanted.query)
        if wanted.asFeatures { return .features(page, wanted, request) }
        return .json(
            ListView(
                items: page.items.map { FrameView(frame: $0, only: wanted.fields) }, nextCursor: page.nextCursor))
    }

    @Sendable private func get(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return .json(FrameView(frame: try await frame(context)))
    }

    @Sendable private func image(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let bytes = try await pictures.image(of: frame(context))
        return picture(bytes, type: bytes.starts(with: [0xFF, 0xD8]) ? "image/jpeg" : "image/png")
    }

    @Sendable private func mask(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        return picture(try await pictures.mask(of: frame(context)), type: "image/png")
    }

    @Sendable private func overlay(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["alpha", "legend", "class"])
        let alpha = try parameters.double("alpha", in: 0...1) ?? 0.5
        let legend = try parameters.bool("legend") ?? true
        let frame = try await frame(context)
        let only = try classes(parameters, frame).map { Set($0.map(\.value)) }
        return picture(
            try await pictures.overlay(of: frame, alpha: alpha, only: only, legend: legend), type: "image/jpeg")
    }

    @Sendable private func similarity(_ request: Request, _ context: Context) async throws -> Response {
        _ = try QueryParameters(request, allowed: [])
        let frame = try await frame(context)
        let stored = try await pictures.similarity(of: frame)
        return try await registry.compute {
            let map = try GreyMap.decodePNG(stored).enlarged(width: frame.width, height: frame.height)
            return picture(try map.pngData(), type: "image/png")
        }
    }

    @Sendable private func rle(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["class"])
        let frame = try await frame(context)
        let wanted = try classes(parameters, frame) ?? frame.classes.filter { $0.pixels > 0 }
        let mask = try await pictures.mask(of: frame)
        return try await registry.compute {
            let all = COCORLE.encode(try LabelMap.decodePNG(mask), classes: frame.classes.count)
            let items = wanted.map { RLEView(value: $0.value, name: $0.name, pixels: $0.pixels, rle: all[$0.value]) }
            return .json(
                MaskView(id: frame.id, width: frame.width, height: frame.height, format: "coco", classes: items))
        }
    }

    @Sendable private func polygons(_ request: Request, _ context: Context) async throws -> Response {
        let parameters = try QueryParameters(request, allowed: ["class", "min_area", "simplify", "on"])
        let plane: PolygonPlane = try parameters.choice("on") ?? .picture
        let minArea = try parameters.int("min_area", in: 1...Int(Int32.max)) ?? 1
        let simplify = try parameters.double("simplify", in: 0...1000) ?? 0
        let frame = try await frame(context)
        let wanted = try classes(parameters, frame) ?? frame.classes.filter { $0.pixels > 0 }
        let view = plane == .ground ? try GroundCollection.view(of: frame) : nil
        let mask = try await pictures.mask(of: frame)
        return try await registry.compute {
            let labels = try LabelMap.decodePNG(mask)
            func outlines(_ item: FrameRecord.ClassPixels) -> PolygonSet {
                PolygonSet(mask: labels, class: item.value, minArea: minArea, simplify: simplify)
            }
            if let view {
                var collection = GroundCollection(frame, on: view)
                for item in wanted { collection.add(outlines(item), of: item) }
                return .bytes(Response.encoded(collection), type: "application/geo+json")
            }
            let items = wanted.map { item in
                let set = outlines(item)
                return PolygonsView(
                    value: item.value, name: item.name,
                    polygons: set.polygons.map { .init(exterior: $0.exterior, holes: $0.holes, area: $0.area) })
            }
            return .json(
                MaskView(id: frame.id, width: frame.width, height: frame.height, format: "pixel-edges", classes: items))
        }
    }

    // MARK: Shared

    private func frame(_ context: Context) async throws -> FrameRecord {
        let id = try context.parameter("id")
        guard let frame = try await store.frame(id) else { throw Problem.noFrame(id) }
        return frame
    }

    /// The classes that `class` names, comma-separated; nil: it was not given.
    private func classes(_ parameters: QueryParameters, _ frame: FrameRecord) throws(Problem)
        -> [FrameRecord.ClassPixels]?
    {
        guard let text = try parameters.string("class") else { return nil }
        var found: [FrameRecord.ClassPixels] = []
        for name in text.split(separator: ",") {
            guard let item = frame.classes.first(where: { $0.name == name }) else {
                let known = frame.classes.map(\.name).joined(separator: ", ")
                throw .invalid("class", "The frame's model has no class \"\(name)\" (it has \(known)).")
            }
            found.append(item)
        }
        return found
    }
}

extension Problem {
    static func noFrame(_ id: String, field: String = "id") -> Problem {
        Problem(
            status: .notFound, slug: "frame-not-found", title: "There is no such frame",
            detail: "No frame has the id \(id).", field: field)
    }
}

/// A stored picture never changes: it may be kept for good.
private func picture(_ bytes: [UInt8], type: String) -> Response {
    var response = Response.bytes(bytes, type: type)
    response.headers[.cacheControl] = "private, max-age=31536000, immutable"
    return response
}

/// What polygons are drawn on.
private enum PolygonPlane: String, CaseIterable {
    /// Pixels.
    case picture
    /// Degrees.
    case ground
}

private struct MaskView<Item: Encodable>: Encodable {
    let id: String
    let width: Int
    let height: Int
    let format: String
    let classes: [Item]
}

private struct RLEView: Encodable {
    let value: Int
    let name: String
    let pixels: Int
    let rle: COCORLE
}

private struct PolygonsView: Encodable {
    struct Polygon: Encodable {
        let exterior: [PolygonSet.Point]
        let holes: [[PolygonSet.Point]]
        let area: Int
    }

    let value: Int
    let name: String
    let polygons: [Polygon]
}
