import ArgumentParser
import Foundation
import Inference
import Results
import SSP
import Sessions

/// Masks made in this process, by a model with the service's own sessions.
struct EvaluateModel: ParsableArguments {
    @Option(help: "Model (default: aerial-nano, or the first by name).")
    var model: String?

    @Option(help: "Folder of model bundles (default: models).")
    var models: String?

    @Option(help: "Registration method (default: klt).")
    var registration: RegistrationMethod?

    @Option(help: "Precision of inference (default: f32).")
    var precision: OpenVINOEngine.Precision?

    @Flag(help: "Also as a session of adaptive cadence would make them (\"adaptive\").")
    var adaptive = false

    @Option(help: "With --adaptive: the image model sees at least every so many frames.")
    var keyframeInterval: Int?

    @Option(
        help: "With --adaptive: it sees any frame for more than this fraction of which the prediction does not hold.")
    var refreshFraction: Double?

    var isChosen: Bool { model != nil || models != nil || registration != nil || precision != nil || adaptive }

    func validate() throws {
        guard adaptive || (keyframeInterval == nil && refreshFraction == nil) else {
            throw ValidationError("--keyframe-interval and --refresh-fraction are for --adaptive")
        }
        if let keyframeInterval, !(1...1000).contains(keyframeInterval) {
            throw ValidationError("--keyframe-interval must be 1 to 1000")
        }
        if let refreshFraction, !(0...1).contains(refreshFraction) {
            throw ValidationError("--refresh-fraction must be 0 to 1")
        }
    }

    /// The kinds of sessions a model is measured with, by name.
    private func kinds(of bundle: ModelBundle) throws -> [(name: String, options: SessionOptions)] {
        var base = SessionOptions()
        base.registration = registration ?? base.registration
        base.storeMasks = false
        base.storeImages = .none
        var alone = base
        alone.propagation = .none
        var kinds = [("image", alone)]
        if bundle.method == .ssp { kinds.append(("ssp", base)) }
        guard adaptive else { return kinds }
        guard bundle.hasAdaptiveCadence else {
            throw ValidationError("\(bundle.name) has no first-stage graph, which --adaptive takes")
        }
        base.cadence = .adaptive
        base.keyframeInterval = keyframeInterval ?? base.keyframeInterval
        base.refreshFraction = refreshFraction ?? base.refreshFraction
        return kinds + [("adaptive", base)]
    }

    /// Loads the model, and gives `body` what it makes of frames.
    func withMasks<Result>(_ body: (ModelMasks) async throws -> Result) async throws -> Result {
        let place = models ?? "models"
        let bundles = try ModelBundle.loadAll(in: URL(fileURLWithPath: place))
        guard let bundle = ModelBundle.choose(model, among: bundles) else {
            throw ValidationError("there is no bundle in \(place)\(model.map { " named \"\($0)\"" } ?? "")")
        }
        var options = OpenVINOEngine.Options()
        options.precision = precision ?? options.precision
        let loaded = try await OpenVINOEngine(options: options).load(bundle)

        // Sessions need a store; it keeps records and no pictures, and not for long.
        let folder = FileManager.default.temporaryDirectory.appending(path: "windhover-evaluate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore.open(directory: folder)
        let registry = SessionRegistry(
            models: [loaded], defaultModel: bundle.name, store: store,
            workers: WorkerPool(threads: ProcessInfo.processInfo.activeProcessorCount))
        let result = try await body(ModelMasks(registry, kinds(of: bundle)))
        try await store.close()
        return result
    }
}

/// Several sessions over the same frames: one propagates nothing, another as the model's bundle says.
struct ModelMasks: EvaluateMasks {
    let names: [String]
    private let registry: SessionRegistry
    private let sessions: [String]

    init(_ registry: SessionRegistry, _ kinds: [(name: String, options: SessionOptions)]) async throws {
        var sessions: [String] = []
        for kind in kinds {
            var new = SessionRegistry.NewSession()
            new.options = kind.options
            sessions.append(try await registry.create(new).id)
        }
        names = kinds.map(\.name)
        self.registry = registry
        self.sessions = sessions
    }

    func masks(of frame: EvaluateFolder.Frame) async throws -> [EvaluateMask] {
        let time = Date(timeIntervalSince1970: 1_700_000_000 + Double(frame.index) / 10)
        let upload = FrameUpload(sequence: frame.index, image: frame.encoded, capturedAt: time)
        var masks: [EvaluateMask] = []
        for session in sessions {
            let answer: FrameAnswer
            do {
                answer = try await registry.submit(upload, to: session, wantsMask: true)
            } catch let fault as SessionFault {
                throw Failure("\(frame.file.path): \(fault)")
            }
            let png = answer.mask ?? []
            masks.append(try EvaluateMask(prediction: png, name: frame.file.path, mode: answer.record.mode))
        }
        return masks
    }
}
