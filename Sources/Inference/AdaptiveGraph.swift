import Foundation
import Synchronization

/// A graph in one form or two: compiled for one frame that has the processor to itself, whose layers are divided among
/// all threads; and for several at a time, each on threads of its own.
///
/// Threads that share a layer wait for the slowest of them at its end. Alone that costs little, and the frame is done
/// sooner; beside other frames, whose work holds one thread up and then the other, it costs a sixth of all processor
/// time. The second form takes its memory when it is needed first: until it is compiled, the first one serves.
final class AdaptiveGraph: Sendable {
    private enum Crowd {
        /// `compile` makes it.
        case absent(compile: @Sendable () throws -> Graph)
        case compiling
        case ready(Graph)
        /// There is to be none, or it could not be compiled.
        case none
    }

    let alone: Graph
    private let crowd: Mutex<Crowd>

    /// Compiles the form or forms that `options.hint` asks for; see `Graph` for the rest.
    init(
        file: URL, bundle: String, inputs: [Graph.Port], outputs: [String], core: Core,
        options: OpenVINOEngine.Options
    ) throws {
        @Sendable func compile(_ hint: OpenVINOEngine.Hint) throws -> Graph {
            try Graph(
                file: file, bundle: bundle, inputs: inputs, outputs: outputs, core: core, options: options, hint: hint)
        }
        alone = try compile(options.hint == .throughput ? .throughput : .latency)
        // Only the CPU plug-in's requests share threads; and of one request at a time there is no crowd.
        let adapts = options.hint == .auto && options.device == "CPU" && options.requests > 1
        crowd = Mutex(adapts ? .absent { try compile(.throughput) } : .none)
    }

    /// Runs the graph once; `isCrowded`: other frames are being computed.
    func run(_ tensors: [Tensor], isCrowded: Bool) async throws -> [Tensor] {
        try await (isCrowded ? crowdForm ?? alone : alone).run(tensors)
    }

    /// Nil where there is none yet; asked for it, it will be.
    private var crowdForm: Graph? {
        crowd.withLock { crowd in
            switch crowd {
            case .ready(let graph): return graph
            case .compiling, .none: return nil
            case .absent(let compile):
                crowd = .compiling
                // Some tenths of a second of processor time, or many seconds for a large network: not on a thread that
                // frames wait for.
                DispatchQueue.global(qos: .utility).async {
                    let graph = try? compile()
                    self.crowd.withLock { $0 = graph.map(Crowd.ready) ?? .none }
                }
                return nil
            }
        }
    }
}
