import Crypto
import Foundation
import Imaging

/// A segmentation network with what SSP needs to know about it: a folder with `model.json` and the graphs it names.
///
/// `load` checks everything that can be checked without an engine; the engine checks the tensors.
package struct ModelBundle: Sendable, Equatable {
    package enum Method: String, Sendable, CaseIterable {
        case ssp, none
    }

    package enum Similarity: Sendable, Equatable {
        /// A graph of (warped previous features, features) → similarity; `int8`: in 8-bit integers, nil where the bundle
        /// has none.
        case conv(file: URL, int8: URL?)
        /// Cosine over channels, clamped to [0, 1], to the 4th power, at most 0.95: no parameters.
        case cosine
    }

    package enum Upsampling: String, Sendable, CaseIterable {
        /// Keys' kernel, a = -0.75.
        case bicubic
        case bilinear
    }

    package let directory: URL
    package let name: String
    package let version: String
    package let description: String
    package let licence: String
    /// Pixels the network runs at.
    package let inputWidth: Int
    package let inputHeight: Int
    /// Per channel (RGB), of values in 0…1.
    package let mean: [Float]
    package let std: [Float]
    package let classes: [ClassInfo]
    package let imageFile: URL
    /// The image model in 8-bit integers, with the same tensors; nil where the bundle has none.
    package let int8File: URL?
    /// The part of the image model that makes the features, with the same tensors; nil where the bundle has none.
    package let firstStageFile: URL?
    package let inputTensor: String
    package let logitsTensor: String
    /// Nil only where nothing is propagated.
    package let featuresTensor: String?
    package let method: Method
    package let similarity: Similarity?
    package let upsampling: Upsampling
    /// Of `model.json` and the files it names, hex: two bundles that answer differently have different ones.
    package let sha256: String

    /// Whether a prediction can be carried along without the image model: it propagates, and has a first stage to tell
    /// for how long.
    package var hasAdaptiveCadence: Bool { method == .ssp && firstStageFile != nil }

    /// Reads the bundle in `directory`.
    ///
    /// Throws `BundleError`, which names the file or key at fault.
    package static func load(_ directory: URL) throws -> ModelBundle {
        do {
            return try ModelBundle(directory: directory)
        } catch let failure as JSONReader.Failure {
            throw BundleError(bundle: directory.lastPathComponent, "model.json: \(failure.message)")
        }
    }

    /// Every bundle in a folder of bundles, by name; folders without `model.json` are passed over.
    package static func loadAll(in folder: URL) throws -> [ModelBundle] {
        let files = FileManager.default
        let names: [String]
        do {
            names = try files.contentsOfDirectory(atPath: folder.path).sorted()
        } catch {
            throw BundleError(bundle: folder.path, "cannot be read: there is no such folder, or no permission")
        }
        let bundles = try names.map { folder.appendingPathComponent($0) }
            .filter { files.fileExists(atPath: $0.appendingPathComponent("model.json").path) }
            .map(load)
        for (name, twins) in Dictionary(grouping: bundles, by: \.name) where twins.count > 1 {
            let places = twins.map(\.directory.lastPathComponent).joined(separator: " and ")
            throw BundleError(bundle: folder.lastPathComponent, "\(places) are both named \"\(name)\"")
        }
        return bundles.sorted { $0.name < $1.name }
    }

    /// The bundle that is named, or, where none is, the one that ships, else the first.
    ///
    /// Nil if there is none of that name.
    package static func choose(_ name: String?, among bundles: [ModelBundle]) -> ModelBundle? {
        guard let name else { return bundles.first { $0.name == "aerial-nano" } ?? bundles.first }
        return bundles.first { $0.name == name }
    }

    private init(directory: URL) throws {
        let manifest = directory.appendingPathComponent("model.json")
        guard let json = FileManager.default.contents(atPath: manifest.path) else {
            throw BundleError(bundle: directory.lastPathComponent, "model.json: there is no such file")
        }
        let top = try JSONReader(
            document: json,
            known: [
                "format", "name", "version", "description", "licence", "input", "classes", "image", "propagation",
            ])
        guard try top.integer("format", in: 0...Int(Int32.max)) == 1 else {
            throw JSONReader.Failure(message: "\"format\" must be 1, the only one this version of Windhover knows")
        }
        self.directory = directory
        name = try top.string("name")
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/) != nil else {
            throw top.wrong("name", "at most 64 letters, digits, dots, dashes or underscores, a letter or digit first")
        }
        version = try top.string("version")
        description = top.has("description") ? try top.string("description") : ""
        licence = top.has("licence") ? try top.string("licence") : ""

        let input = try top.object("input", known: ["width", "height", "mean", "std"])
        inputWidth = try input.integer("width", in: 16...8192)
        inputHeight = try input.integer("height", in: 16...8192)
        mean = try input.floats("mean", count: 3)
        std = try input.floats("std", count: 3)
        guard std.allSatisfy({ $0 > 0 }) else { throw input.wrong("std", "a list of 3 numbers above 0") }

        classes = try top.objects("classes", known: ["name", "color"]).map { item in
            guard let color = RGB(hex: try item.string("color")) else {
                throw item.wrong("color", "a colour like \"#ff0000\"")
            }
            return ClassInfo(name: try item.string("name"), color: color)
        }
        guard (1...255).contains(classes.count) else { throw top.wrong("classes", "a list of 1 to 255 classes") }
        guard Set(classes.map(\.name)).count == classes.count else {
            throw top.wrong("classes", "a list in which no name stands twice")
        }

        let propagation = try top.object("propagation", known: ["method", "similarity", "upsampling"])
        method = try propagation.choice("method")
        upsampling = propagation.has("upsampling") ? try propagation.choice("upsampling") : .bicubic

        var files = ["model.json"]
        func file(_ key: String, of object: JSONReader) throws -> URL {
            let name = try object.string(key)
            // A bundle is self-contained: nothing outside its folder is read on its behalf.
            guard !name.contains("/"), name != ".." else { throw object.wrong(key, "the name of a file in the bundle") }
            let url = directory.appendingPathComponent(name)
            guard FileManager.default.isReadableFile(atPath: url.path) else {
                throw BundleError(bundle: directory.lastPathComponent, "\(name): there is no such file")
            }
            files.append(name)
            return url
        }

        let image = try top.object(
            "image", known: ["file", "int8", "first_stage", "input", "logits", "features"])
        imageFile = try file("file", of: image)
        int8File = image.has("int8") ? try file("int8", of: image) : nil
        firstStageFile = image.has("first_stage") ? try file("first_stage", of: image) : nil
        inputTensor = try image.string("input")
        logitsTensor = try image.string("logits")
        let needsFeatures = method == .ssp || firstStageFile != nil
        featuresTensor = needsFeatures || image.has("features") ? try image.string("features") : nil

        if method == .ssp || propagation.has("similarity") {
            let layer = try propagation.object("similarity", known: ["kind", "file", "int8"])
            switch try layer.choice("kind") as SimilarityKind {
            case .conv:
                similarity = .conv(
                    file: try file("file", of: layer), int8: layer.has("int8") ? try file("int8", of: layer) : nil)
            case .cosine:
                for key in ["file", "int8"] where layer.has(key) {
                    throw layer.wrong(key, "absent: cosine similarity has no graph")
                }
                similarity = .cosine
            }
        } else {
            similarity = nil
        }

        // OpenVINO IR keeps its weights in a second file beside the first.
        for name in files where name.hasSuffix(".xml") { files.append(String(name.dropLast(4)) + ".bin") }
        var hash = SHA256()
        for name in files {
            let url = directory.appendingPathComponent(name)
            guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else {
                throw BundleError(bundle: directory.lastPathComponent, "\(name): there is no such file")
            }
            hash.update(data: data)
        }
        sha256 = hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    private enum SimilarityKind: String, CaseIterable {
        case conv, cosine
    }
}
