import COpenVINO
import Foundation

/// A bundle compiled for OpenVINO.
final class OpenVINOModel: SegmentationModel {
    let bundle: ModelBundle
    let shapes: ModelShapes
    let precision: String
    private let image: AdaptiveGraph
    private let layer: AdaptiveGraph?
    private let firstStage: AdaptiveGraph?
    private let traffic = Traffic()

    init(_ bundle: ModelBundle, core: Core, options: OpenVINOEngine.Options) throws {
        let folder = bundle.directory.lastPathComponent
        let wanted = try Self.imageFile(of: bundle, options)
        let file = wanted.lastPathComponent
        let input = [Graph.Port(name: bundle.inputTensor, shape: [1, 3, bundle.inputHeight, bundle.inputWidth])]
        image = try AdaptiveGraph(
            file: wanted, bundle: folder, inputs: input,
            outputs: [bundle.logitsTensor] + (bundle.featuresTensor.map { [$0] } ?? []), core: core, options: options)
        for port in image.alone.outputs where port.shape.count != 4 || port.shape[0] != 1 {
            let shape = port.shape.map(String.init).joined(separator: "×")
            throw BundleError(
                bundle: folder, "\(file): output \"\(port.name)\" is \(shape), where 1×channels×h×w is needed")
        }
        precision = wanted == bundle.int8File ? "int8" : image.alone.precision ?? options.precision.rawValue
        let logits = image.alone.outputs[0].shape
        guard logits[1] == bundle.classes.count else {
            throw BundleError(
                bundle: folder,
                "\(file): output \"\(bundle.logitsTensor)\" has \(logits[1]) channels, model.json \(bundle.classes.count) classes"
            )
        }
        let features = image.alone.outputs.count > 1 ? image.alone.outputs[1].shape : [1, 0, 0, 0]
        shapes = ModelShapes(
            classes: logits[1], logitsHeight: logits[2], logitsWidth: logits[3], featureChannels: features[1],
            featureHeight: features[2], featureWidth: features[3])

        if case .conv(let whole, let int8) = bundle.similarity, bundle.method == .ssp {
            let file = Self.prefersInt8(options) ? int8 ?? whole : whole
            layer = try AdaptiveGraph(
                file: file, bundle: folder,
                inputs: ["previous_features", "features"].map { .init(name: $0, shape: features) },
                outputs: ["similarity"], core: core, options: options)
            let expected = [1, 1, features[2], features[3]]
            guard layer!.alone.outputs[0].shape == expected else {
                let shape = layer!.alone.outputs[0].shape.map(String.init).joined(separator: "×")
                throw BundleError(
                    bundle: folder,
                    "\(file.lastPathComponent): output \"similarity\" is \(shape), where \(expected.map(String.init).joined(separator: "×")) is needed"
                )
            }
        } else {
            layer = nil
        }
        firstStage = try bundle.firstStageFile.map { file in
            let graph = try AdaptiveGraph(
                file: file, bundle: folder, inputs: input, outputs: [bundle.featuresTensor!], core: core,
                options: options)
            guard graph.alone.outputs[0].shape == features else {
                throw BundleError(
                    bundle: folder,
                    "\(file.lastPathComponent): output \"\(bundle.featuresTensor!)\" has not the shape of the image model's"
                )
            }
            return graph
        }
        self.bundle = bundle
    }

    /// The graph to be run as image model.
    private static func imageFile(of bundle: ModelBundle, _ options: OpenVINOEngine.Options) throws -> URL {
        if options.precision == .int8, bundle.int8File == nil {
            throw BundleError(
                bundle: bundle.directory.lastPathComponent,
                "model.json: has no \"int8\" under \"image\", which --precision int8 needs")
        }
        return prefersInt8(options) ? bundle.int8File ?? bundle.imageFile : bundle.imageFile
    }

    /// Whether a graph in 8-bit integers is to be run where there is one.
    private static func prefersInt8(_ options: OpenVINOEngine.Options) -> Bool {
        switch options.precision {
        case .int8: true
        case .auto: options.device == "CPU"
        case .f32, .bf16, .f16: false
        }
    }

    func segment(_ input: Tensor) async throws -> ImageOutput {
        let outputs = try await run(image, [input])
        return ImageOutput(logits: outputs[0], features: outputs.count > 1 ? outputs[1] : nil)
    }

    func features(_ input: Tensor) async throws -> Tensor {
        guard let firstStage else { throw InferenceError("\(bundle.name) has no first-stage graph") }
        return try await run(firstStage, [input])[0]
    }

    func similarity(previous: Tensor, current: Tensor) async throws -> Tensor {
        guard let layer else { throw InferenceError("\(bundle.name) has no similarity graph") }
        return try await layer.run([previous, current], isCrowded: traffic.isCrowded())[0]
    }

    private func run(_ graph: AdaptiveGraph, _ inputs: [Tensor]) async throws -> [Tensor] {
        let isCrowded = traffic.enter()
        defer { traffic.leave() }
        return try await graph.run(inputs, isCrowded: isCrowded)
    }
}
