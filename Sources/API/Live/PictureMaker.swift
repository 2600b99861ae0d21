import Foundation
import Hummingbird
import Imaging
import Inference
import Results
import Sessions

/// Makes what can be looked at of what was stored of a frame.
struct PictureMaker: Sendable {
    let registry: SessionRegistry
    let store: any ResultStore

    /// A picture of a frame, and how it is to look.
    struct View: Hashable, Sendable {
        enum Kind: String, Sendable, CaseIterable {
            case overlay, mask, similarity, image
        }

        var kind = Kind.overlay
        var alpha = 0.5
        var legend = true
    }

    /// JPEG.
    ///
    /// Throws a problem where the session does not store what the view needs, or the frame has none.
    func jpeg(_ view: View, of frame: FrameRecord) async throws -> [UInt8] {
        switch view.kind {
        case .overlay: return try await overlay(of: frame, alpha: view.alpha, only: nil, legend: view.legend)
        case .mask:
            let bytes = try await mask(of: frame)
            let classes = classes(of: frame)
            return try await registry.compute {
                let mask = try LabelMap.decodePNG(bytes)
                let black = Frame(
                    width: mask.width, height: mask.height, pixels: .init(repeating: 0, count: mask.classes.count * 3))
                return try OverlayRenderer.render(
                    frame: black, mask: mask, classes: classes, alpha: 1, legend: view.legend
                ).jpegData(quality: 88)
            }
        case .similarity:
            let bytes = try await similarity(of: frame)
            return try await registry.compute {
                let map = try GreyMap.decodePNG(bytes).enlarged(width: frame.width, height: frame.height)
                return try Frame(
                    width: map.width, height: map.height, pixels: map.pixels.flatMap { [$0, $0, $0] }
                ).jpegData(quality: 88)
            }
        case .image:
            let bytes = try await image(of: frame)
            if bytes.starts(with: [0xFF, 0xD8]) { return bytes }
            return try await registry.compute { try ImageCodec.decode(bytes).jpegData(quality: 88) }
        }
    }

    /// JPEG of the stored image's size.
    func overlay(of frame: FrameRecord, alpha: Double, only: Set<Int>?, legend: Bool) async throws -> [UInt8] {
        let (image, mask) = (try await image(of: frame), try await mask(of: frame))
        let classes = classes(of: frame)
        return try await registry.compute {
            try OverlayRenderer.render(
                frame: try ImageCodec.decode(image), mask: try LabelMap.decodePNG(mask), classes: classes,
                alpha: alpha, only: only, legend: legend
            ).jpegData(quality: 88)
        }
    }

    func image(of frame: FrameRecord) async throws -> [UInt8] {
        guard let blob = frame.image else { throw Problem.notStored("image", of: frame, option: "store_images") }
        return try await store.read(blob)
    }

    func mask(of frame: FrameRecord) async throws -> [UInt8] {
        guard let blob = frame.mask else { throw Problem.notStored("mask", of: frame, option: "store_masks") }
        return try await store.read(blob)
    }

    func similarity(of frame: FrameRecord) async throws -> [UInt8] {
        guard let blob = frame.similarity else {
            guard frame.mode == "propagated" else { throw Problem.noSimilarity(frame) }
            throw Problem.notStored("similarity", of: frame, option: "store_masks")
        }
        return try await store.read(blob)
    }

    /// Names and colours: of the model as loaded, or, of a model that is gone, by name with colours to tell apart.
    private func classes(of frame: FrameRecord) -> [ClassInfo] {
        if let bundle = registry.models[frame.model]?.bundle, bundle.classes.map(\.name) == frame.classes.map(\.name) {
            return bundle.classes
        }
        return frame.classes.map { item in
            let hue = UInt32(truncatingIfNeeded: item.value &+ 1) &* 2_654_435_761
            return ClassInfo(
                name: item.name, color: RGB(UInt8(hue >> 24), UInt8(hue >> 16 & 255), UInt8(hue >> 8 & 255)))
        }
    }
}

extension Problem {
    /// Of a frame, or of a session whose frames have none.
    static func notStored(_ picture: String, of frame: FrameRecord? = nil, option: String) -> Problem {
        let reason = frame?.withheld == nil ? "session option \"\(option)\"" : "the disk was nearly full"
        return Problem(
            status: .notFound, slug: "\(picture)-not-stored", title: "The picture was not stored",
            detail: "This frame's \(picture) was not kept (\(reason)).")
    }

    static func noSimilarity(_ frame: FrameRecord) -> Problem {
        Problem(
            status: .notFound, slug: "no-similarity", title: "The frame has no similarity map",
            detail: "Nothing was propagated into this frame (mode \"\(frame.mode)\").")
    }
}
