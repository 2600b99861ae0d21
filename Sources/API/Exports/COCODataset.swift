import Foundation
import Hummingbird
import Imaging
import NIOCore
import Results
import Sessions

/// Frames with their masks as a dataset in COCO's form, which CVAT, FiftyOne, Detectron and pycocotools read: a ZIP archive
/// with `annotations/instances_default.json`, and `images/default/SESSION/SEQUENCE.jpg` where images were stored.
///
/// Of each frame every class that is seen has one annotation: all its pixels, run-length encoded, `iscrowd` 1. Frames
/// without a stored mask are left out. https://cocodataset.org/#format-data
struct COCODataset {
    /// Its list of images is in memory.
    static let mostFrames = 100_000

    let store: any ResultStore
    let pictures: PictureMaker
    let query: FrameQuery
    let limit: Int
    /// Of each name the place is the category's id, from 1.
    let categories: [String]
    let withImages: Bool

    /// An image of the dataset, where it is stored.
    private struct Picture {
        let line: Data
        let path: String
        let blob: FrameRecord.StoredBlob?
    }

    func write(to writer: inout any ResponseBodyWriter) async throws {
        var zip = ZipStream(at: Date())
        var list: [Picture] = []
        var annotation = 0
        var last: String?
        var isWhole = true

        try await writer.write(ByteBuffer(bytes: zip.begin("annotations/instances_default.json")))
        let ids = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1, $0 + 1) })
        let named = categories.map { CategoryView(id: ids[$0]!, name: $0, supercategory: "") }
        var text =
            Data(#"{"licenses":[],"categories":"#.utf8) + Response.encoded(named) + Data(#","annotations":["#.utf8)
        pages: for try await page in store.pages(query) {
            for frame in page.items {
                if list.count == limit {
                    isWhole = false
                    break pages
                }
                last = frame.id
                guard let labels = try await stored({ try await pictures.mask(of: frame) }) else { continue }
                let picture = try await picture(of: frame, number: list.count + 1)
                list.append(picture)
                for var view in try await annotations(of: frame, labels, image: list.count, ids) {
                    text += Data((annotation == 0 ? "\n" : ",\n").utf8)
                    annotation += 1
                    view.id = annotation
                    text += Response.encoded(view)
                }
                try await writer.write(ByteBuffer(bytes: zip.write(Array(text))))
                text.removeAll(keepingCapacity: true)
            }
        }
        text += Data("],\n\"images\":[".utf8)
        for (number, picture) in list.enumerated() {
            text += Data((number == 0 ? "\n" : ",\n").utf8) + picture.line
            if text.count > 64 << 10 {
                try await writer.write(ByteBuffer(bytes: zip.write(Array(text))))
                text.removeAll(keepingCapacity: true)
            }
        }
        let info = InfoView(dateCreated: RFC3339.text(Date()), nextAfter: isWhole ? nil : last)
        text += Data("],\n\"info\":".utf8) + Response.encoded(info) + Data("}\n".utf8)
        try await writer.write(ByteBuffer(bytes: zip.write(Array(text))))
        try await writer.write(ByteBuffer(bytes: zip.end()))

        for picture in list {
            guard let blob = picture.blob, let bytes = try await stored({ try await store.read(blob) }) else {
                continue
            }
            try await writer.write(ByteBuffer(bytes: zip.store(bytes, as: "images/default/\(picture.path)")))
        }
        try await writer.write(ByteBuffer(bytes: zip.finish()))
    }

    /// Nil where it was never stored, or has been removed.
    private func stored(_ read: () async throws -> [UInt8]) async throws -> [UInt8]? {
        do {
            return try await read()
        } catch is Problem {
            return nil
        } catch StoreError.blobMissing {
            return nil
        }
    }

    private func picture(of frame: FrameRecord, number: Int) async throws -> Picture {
        var isPNG = false
        if let blob = frame.image { isPNG = try await stored { try await store.read(blob) }?.first == 0x89 }
        let sequence = String(frame.sequence)
        let path =
            "\(frame.sessionID)/\(String(repeating: "0", count: max(0, 8 - sequence.count)))\(sequence)."
            + (isPNG ? "png" : "jpg")
        let view = ImageView(
            id: number, fileName: path, width: frame.width, height: frame.height,
            dateCaptured: RFC3339.text(frame.capturedAt), frameID: frame.id, droneID: frame.droneID,
            missionID: frame.missionID)
        return Picture(line: Response.encoded(view), path: path, blob: withImages ? frame.image : nil)
    }

    private func annotations(
        of frame: FrameRecord, _ labels: [UInt8], image: Int, _ ids: [String: Int]
    ) async throws -> [AnnotationView] {
        try await pictures.registry.compute {
            let masks = COCORLE.encode(try LabelMap.decodePNG(labels), classes: frame.classes.count)
            return try frame.classes.compactMap { item in
                guard item.pixels > 0, let id = ids[item.name], let box = try masks[item.value].box else { return nil }
                return AnnotationView(
                    id: 0, imageID: image, categoryID: id, segmentation: masks[item.value], area: item.pixels,
                    box: [box.x, box.y, box.width, box.height])
            }
        }
    }
}

private struct CategoryView: Encodable {
    let id: Int
    let name: String
    let supercategory: String
}

private struct ImageView: Encodable {
    let id: Int
    let fileName: String
    let width: Int
    let height: Int
    let dateCaptured: String
    let frameID: String
    let droneID: String?
    let missionID: String?

    private enum CodingKeys: String, CodingKey {
        case id, width, height
        case fileName = "file_name"
        case dateCaptured = "date_captured"
        case frameID = "frame_id"
        case droneID = "drone_id"
        case missionID = "mission_id"
    }
}

private struct AnnotationView: Encodable {
    var id: Int
    let imageID: Int
    let categoryID: Int
    let segmentation: COCORLE
    let area: Int
    /// Left, top, width, height.
    let box: [Int]
    /// 1: the pixels are run-length encoded.
    let isCrowd = 1

    private enum CodingKeys: String, CodingKey {
        case id, segmentation, area
        case imageID = "image_id"
        case categoryID = "category_id"
        case box = "bbox"
        case isCrowd = "iscrowd"
    }
}

private struct InfoView: Encodable {
    let description = "Segmented by Windhover"
    let dateCreated: String
    /// The last frame, where there are more: what to ask for next is behind it.
    let nextAfter: String?

    private enum CodingKeys: String, CodingKey {
        case description
        case dateCreated = "date_created"
        case nextAfter = "next_after"
    }

    func encode(to encoder: any Encoder) throws {
        var out = encoder.container(keyedBy: CodingKeys.self)
        try out.encode(description, forKey: .description)
        try out.encode(dateCreated, forKey: .dateCreated)
        try out.encode(nextAfter, forKey: .nextAfter)
    }
}
