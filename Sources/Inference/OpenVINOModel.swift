import COpenVINO
import Foundation

/// A bundle compiled for OpenVINO.
final class OpenVINOModel: SegmentationModel {
    let bundle: ModelBundle
    let shapes: ModelShapes
    let precision: String
    private let image: Graph
    private let layer: Graph?

    init(_ bundle: ModelBundle, core: Core, options: OpenVINOEngine.Options) throws {
        let folder = bundle.directory.lastPathComponent
        let file = bundle.imageFile.lastPathComponent
        image = try Graph(
            file: bundle.imageFile, bundle: folder,
            inputs: [.init(name: bundle.inputTensor, shape: [1, 3, bundle.inputHeight, bundle.inputWidth])],
            outputs: [bundle.logitsTensor] + (bundle.featuresTensor.map { [$0] } ?? []), core: core, options: options)
        for port in image.outputs where port.shape.count != 4 || port.shape[0] != 1 {
            let shape = port.shape.map(String.init).joined(separator: "×")
            throw BundleError(
                bundle: folder, "\(file): output \"\(port.name)\" is \(shape), where 1×channels×h×w is needed")
        }
        precision = image.precision ?? options.precision.rawValue
        let logits = image.outputs[0].shape
        guard logits[1] == bundle.classes.count else {
            throw BundleError(
                bundle: folder,
                "\(file): output \"\(bundle.logitsTensor)\" has \(logits[1]) channels, model.json \(bundle.classes.count) classes"
            )
        }
        let features = image.outputs.count > 1 ? image.outputs[1].shape : [1, 0, 0, 0]
        shapes = ModelShapes(
            classes: logits[1], logitsHeight: logits[2], logitsWidth: logits[3], featureChannels: features[1],
            featureHeight: features[2], featureWidth: features[3])

        if case .conv(let file) = bundle.similarity, bundle.method == .ssp {
            layer = try Graph(
                file: file, bundle: folder,
                inputs: ["previous_features", "features"].map { .init(name: $0, shape: features) },
                outputs: ["similarity"], core: core, options: options)
            let expected = [1, 1, features[2], features[3]]
            guard layer!.outputs[0].shape == expected else {
                let shape = layer!.outputs[0].shape.map(String.init).joined(separator: "×")
                throw BundleError(
                    bundle: folder,
                    "\(file.lastPathComponent): output \"similarity\" is \(shape), where \(expected.map(String.init).joined(separator: "×")) is needed"
                )
            }
        } else {
            layer = nil
        }
        self.bundle = bundle
    }

    func segment(_ input: Tensor) async throws -> ImageOutput {
        let outputs = try await image.run([input])
        return ImageOutput(logits: outputs[0], features: outputs.count > 1 ? outputs[1] : nil)
    }

    func similarity(previous: Tensor, current: Tensor) async throws -> Tensor {
        guard let layer else { throw InferenceError("\(bundle.name) has no similarity graph") }
        return try await layer.run([previous, current])[0]
    }
}
