import Foundation
import Imaging
import Inference
import Testing

/// A bundle in a temporary folder that a test can spoil.
final class SpoiltBundle {
    let directory: URL
    static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("SSPTests/Golden/uavid-like")

    /// A copy of a golden bundle whose `model.json` has been changed.
    init(_ change: (inout [String: Any]) -> Void = { _ in }) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("bundle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for name in ["image.onnx", "first-stage.onnx", "similarity.onnx"] {
            try FileManager.default.copyItem(
                at: Self.golden.appendingPathComponent(name), to: directory.appendingPathComponent(name))
        }
        let json = try Data(contentsOf: Self.golden.appendingPathComponent("model.json"))
        var object = try JSONSerialization.jsonObject(with: json) as! [String: Any]
        change(&object)
        try JSONSerialization.data(withJSONObject: object).write(to: directory.appendingPathComponent("model.json"))
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// What loading it says is wrong, by the bundle and then by the engine; nil: nothing.
    func complaint(_ precision: OpenVINOEngine.Precision = .f32) async -> String? {
        do {
            var options = OpenVINOEngine.Options()
            options.precision = precision
            _ = try await OpenVINOEngine(options: options).load(ModelBundle.load(directory))
            return nil
        } catch let error as BundleError {
            return error.message
        } catch {
            return "another error: \(error)"
        }
    }
}

/// Changes a member deep in a JSON object.
func set(_ object: inout [String: Any], _ path: [String], _ value: Any?) {
    guard path.count > 1 else {
        object[path[0]] = value
        return
    }
    var inner = object[path[0]] as? [String: Any] ?? [:]
    set(&inner, Array(path.dropFirst()), value)
    object[path[0]] = inner
}

@Suite struct ModelBundleTests {
    @Test func `A good bundle loads and says what it is`() async throws {
        let bundle = try ModelBundle.load(SpoiltBundle.golden)
        #expect(bundle.name == "golden-7")
        #expect(bundle.inputWidth == 160 && bundle.inputHeight == 96)
        #expect(bundle.classes.map(\.name).first == "building")
        #expect(bundle.method == .ssp && bundle.upsampling == .bicubic)
        #expect(bundle.sha256.count == 64)
        #expect(await (try SpoiltBundle()).complaint() == nil)
    }

    @Test func `The hash changes with any file of the bundle`() throws {
        let same = try SpoiltBundle()
        let other = try SpoiltBundle { $0["version"] = "2" }
        #expect(try ModelBundle.load(same.directory).sha256 != ModelBundle.load(other.directory).sha256)
        let before = try ModelBundle.load(same.directory).sha256
        let graph = same.directory.appendingPathComponent("similarity.onnx")
        var bytes = try Data(contentsOf: graph)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: graph)
        #expect(try ModelBundle.load(same.directory).sha256 != before)
    }

    @Test(
        "What is wrong in model.json is named by its key",
        arguments: [
            (["naem"], "x" as (any Sendable)?, "unknown key \"naem\""),
            (["input", "channels"], 3, "\"input.channels\""),
            (["name"], nil, "\"name\" is missing"), (["name"], "../x", "\"name\" must be"),
            (["format"], 2, "\"format\""),
            (["input", "width"], 1.5, "\"input.width\""), (["input", "mean"], [0.5, 0.5], "\"input.mean\""),
            (["input", "std"], [0.5, 0, 0.5], "\"input.std\""), (["classes"], [String](), "\"classes\""),
            (["image", "file"], "../image.onnx", "\"image.file\""), (["image", "file"], "none.onnx", "none.onnx"),
            (["image", "int8"], "none.onnx", "none.onnx"), (["image", "first_stage"], "none.onnx", "none.onnx"),
            (["image", "features"], nil, "\"image.features\" is missing"),
            (["propagation", "method"], "dff", "\"propagation.method\""),
            (["propagation", "upsampling"], "nearest", "\"propagation.upsampling\""),
            (["propagation", "similarity", "kind"], "dot", "\"propagation.similarity.kind\""),
            (["propagation", "similarity", "kind"], "cosine", "\"propagation.similarity.file\""),
            (["propagation", "similarity"], ["kind": "cosine", "int8": "x.onnx"], "\"propagation.similarity.int8\""),
            (["propagation", "similarity", "int8"], "none.onnx", "none.onnx"),
        ] as [([String], (any Sendable)?, String)])
    func keys(path: [String], value: (any Sendable)?, named: String) async throws {
        let bundle = try SpoiltBundle { set(&$0, path, value) }
        let complaint = try #require(await bundle.complaint())
        #expect(complaint.contains("model.json") || complaint.contains("none.onnx"))
        #expect(complaint.contains(named), "\(complaint)")
    }

    @Test(
        "What is wrong in a graph is named by its file and tensor",
        arguments: [
            (["image", "input"], "pixels" as any Sendable, ["image.onnx", "\"pixels\"", "\"image\""]),
            (["image", "logits"], "scores", ["image.onnx", "\"scores\"", "\"logits\""]),
            (["image", "features"], "stage1", ["image.onnx", "\"stage1\""]),
            (["input", "width"], 320, ["image.onnx", "160", "320"]),
            (["classes"], [["name": "a", "color": "#000000"]], ["image.onnx", "\"logits\"", "8 channels"]),
            (["propagation", "similarity", "file"], "image.onnx", ["image.onnx", "\"previous_features\""]),
            (["image", "first_stage"], "similarity.onnx", ["similarity.onnx", "\"image\""]),
        ] as [([String], any Sendable, [String])])
    func tensors(path: [String], value: any Sendable, named: [String]) async throws {
        let bundle = try SpoiltBundle { set(&$0, path, value) }
        let complaint = try #require(await bundle.complaint())
        for name in named { #expect(complaint.contains(name), "\(complaint)") }
    }

    @Test func `A first stage gives the features that the whole image model gives`() async throws {
        let model = try await OpenVINOEngine().load(ModelBundle.load(SpoiltBundle.golden))
        let input = Tensor(
            shape: [1, 3, 96, 160], values: (0..<3 * 96 * 160).map { Float($0 * 7919 % 1000) / 500 - 1 })
        let whole = try #require(try await model.segment(input).features)
        let alone = try await model.features(input)
        #expect(alone.shape == whole.shape)
        #expect(zip(alone.array, whole.array).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func `The graph in 8-bit integers runs where it is asked for, or what is fastest`() async throws {
        let bundle = try SpoiltBundle { set(&$0, ["image", "int8"], "image-int8.onnx") }
        try FileManager.default.copyItem(
            at: bundle.directory.appendingPathComponent("image.onnx"),
            to: bundle.directory.appendingPathComponent("image-int8.onnx"))
        let loaded = try ModelBundle.load(bundle.directory)
        for (precision, expected) in [(.int8, "int8"), (.auto, "int8"), (.f32, "f32")]
            as [(OpenVINOEngine.Precision, String)]
        {
            var options = OpenVINOEngine.Options()
            options.precision = precision
            #expect(try await OpenVINOEngine(options: options).load(loaded).precision == expected)
        }
        var options = OpenVINOEngine.Options()
        options.precision = .int8
        let engine = try OpenVINOEngine(options: options)
        let without = try ModelBundle.load(SpoiltBundle.golden)
        await #expect(throws: BundleError.self) { try await engine.load(without) }
    }

    @Test func `The similarity in 8-bit integers runs where the image model in them would`() async throws {
        // One that cannot be run says so where it is taken.
        let bundle = try SpoiltBundle { set(&$0, ["propagation", "similarity", "int8"], "first-stage.onnx") }
        #expect(await bundle.complaint(.f32) == nil)
        #expect(await bundle.complaint(.bf16) == nil)
        #expect(try #require(await bundle.complaint(.auto)).contains("first-stage.onnx"))
        let good = try SpoiltBundle { set(&$0, ["propagation", "similarity", "int8"], "similarity.onnx") }
        #expect(await good.complaint(.auto) == nil)
    }

    @Test func `A graph that is no graph is named`() async throws {
        let bundle = try SpoiltBundle()
        try Data("not a graph".utf8).write(to: bundle.directory.appendingPathComponent("image.onnx"))
        #expect(try #require(await bundle.complaint()).contains("image.onnx"))
    }

    @Test func `A folder of bundles loads by name, and two of one name are refused`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("notes"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: SpoiltBundle.golden, to: folder.appendingPathComponent("a"))
        #expect(try ModelBundle.loadAll(in: folder).map(\.name) == ["golden-7"])
        try FileManager.default.copyItem(at: SpoiltBundle.golden, to: folder.appendingPathComponent("b"))
        #expect(throws: BundleError.self) { try ModelBundle.loadAll(in: folder) }
        #expect(throws: BundleError.self) { try ModelBundle.loadAll(in: folder.appendingPathComponent("none")) }
    }
}
