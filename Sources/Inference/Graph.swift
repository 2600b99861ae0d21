import COpenVINO
import Foundation

/// One compiled graph with a pool of requests.
final class Graph: @unchecked Sendable {
    struct Port: Equatable {
        let name: String
        let shape: [Int]
    }

    let inputs: [Port]
    let outputs: [Port]
    private let compiled: OpaquePointer
    private let pool: RequestPool

    /// Compiles `file` with its inputs fixed to `inputs` and only the named outputs required.
    ///
    /// Throws `BundleError` for a tensor that is not there or has another rank.
    init(
        file: URL, bundle: String, inputs wanted: [Port], outputs names: [String], core: Core,
        options: OpenVINOEngine.Options, hint: OpenVINOEngine.Hint
    ) throws {
        func fault(_ message: String) -> BundleError {
            BundleError(bundle: bundle, "\(file.lastPathComponent): \(message)")
        }

        var model: OpaquePointer?
        do {
            try check(ov_core_read_model(core.pointer, file.path, nil, &model), "reading it")
        } catch {
            throw fault("OpenVINO cannot read it: \(error)")
        }
        defer { ov_model_free(model) }

        for port in wanted {
            var handle: OpaquePointer?
            guard ov_model_const_input_by_name(model, port.name, &handle) == OK else {
                throw fault("has no input \"\(port.name)\" (it has \(Self.names(of: model, inputs: true)))")
            }
            defer { ov_output_const_port_free(handle) }
            try Self.fits(handle, port, fault)
        }
        if ov_model_is_dynamic(model) {
            try Self.fix(model, to: wanted, fault)
        }
        var outputs: [Port] = []
        for name in names {
            var handle: OpaquePointer?
            guard ov_model_const_output_by_name(model, name, &handle) == OK else {
                throw fault("has no output \"\(name)\" (it has \(Self.names(of: model, inputs: false)))")
            }
            defer { ov_output_const_port_free(handle) }
            var type = DYNAMIC
            guard ov_port_get_element_type(handle, &type) == OK, type == F32 else {
                throw fault("output \"\(name)\" is not float32")
            }
            var shape = ov_shape_t()
            guard ov_const_port_get_shape(handle, &shape) == OK else {
                throw fault("output \"\(name)\" has no fixed shape")
            }
            defer { ov_shape_free(&shape) }
            outputs.append(Port(name: name, shape: (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }))
        }

        var compiled: OpaquePointer?
        do {
            compiled = try Self.compile(model, core: core, options: options, hint: hint)
        } catch {
            throw fault("OpenVINO cannot compile it for \(options.device): \(error)")
        }
        self.inputs = wanted
        self.outputs = outputs
        self.compiled = compiled!
        pool = try RequestPool(compiled: compiled!, size: options.requests)
    }

    private static func compile(
        _ model: OpaquePointer?, core: Core, options: OpenVINOEngine.Options, hint: OpenVINOEngine.Hint
    ) throws -> OpaquePointer? {
        var properties = ["PERFORMANCE_HINT", hint == .throughput ? "THROUGHPUT" : "LATENCY"]
        switch options.precision {
        // Eight bits are the graph's own matter; the hint is about what it has in floats.
        case .auto, .int8: break
        case .f32, .bf16, .f16: properties += ["INFERENCE_PRECISION_HINT", options.precision.rawValue]
        }
        // The number of threads is a property of the CPU plug-in only.
        if options.threads > 0, options.device == "CPU" {
            properties += ["INFERENCE_NUM_THREADS", String(options.threads)]
        }
        // As many streams as there can be requests at a time; left to itself, it makes more, and ours leave them idle.
        if hint == .throughput { properties += ["PERFORMANCE_HINT_NUM_REQUESTS", String(options.requests)] }
        let texts = properties.map { strdup($0) }
        defer { texts.forEach { free($0) } }
        var compiled: OpaquePointer?
        try check(
            windhover_compile_model(
                core.pointer, model, options.device, &compiled, texts.map { UnsafePointer($0) }, texts.count),
            "compiling it")
        return compiled
    }

    /// What it computes in, by OpenVINO's name; nil where the device does not say.
    var precision: String? {
        var value: UnsafeMutablePointer<CChar>?
        guard ov_compiled_model_get_property(compiled, "INFERENCE_PRECISION_HINT", &value) == OK, let value else {
            return nil
        }
        defer { ov_free(value) }
        return String(cString: value)
    }

    deinit {
        pool.free()
        ov_compiled_model_free(compiled)
    }

    /// Runs the graph once.
    ///
    /// The inputs are in the order of `inputs`; the outputs come in the order of `outputs`.
    func run(_ tensors: [Tensor]) async throws -> [Tensor] {
        precondition(tensors.map(\.shape) == inputs.map(\.shape), "tensors of the declared shapes")
        let results = outputs.map { Tensor(shape: $0.shape) }
        let request = await pool.take()
        defer { pool.put(request) }
        // The request reads and writes the tensors' memory until it is done.
        defer { withExtendedLifetime((tensors, results)) {} }
        try request.bind(zip(inputs, tensors).map { ($0.name, $1) } + zip(outputs, results).map { ($0.name, $1) })
        try await request.run()
        return results
    }

    private static func fits(_ port: OpaquePointer?, _ wanted: Port, _ fault: (String) -> BundleError) throws {
        var type = DYNAMIC
        guard ov_port_get_element_type(port, &type) == OK, type == F32 else {
            throw fault("input \"\(wanted.name)\" is not float32")
        }
        var partial = ov_partial_shape_t()
        try check(ov_port_get_partial_shape(port, &partial), "asking for a shape")
        defer { ov_partial_shape_free(&partial) }
        guard partial.rank.min == partial.rank.max else { return }
        let dimensions = (0..<Int(partial.rank.max)).map { partial.dims[$0] }
        let fitting =
            dimensions.count == wanted.shape.count
            && zip(dimensions, wanted.shape).allSatisfy { dimension, size in
                // A negative upper limit is OpenVINO's "any".
                dimension.min <= Int64(size) && (dimension.max < 0 || Int64(size) <= dimension.max)
            }
        guard fitting else {
            let found = dimensions.map { $0.min == $0.max ? String($0.min) : "?" }.joined(separator: "×")
            let shape = wanted.shape.map(String.init).joined(separator: "×")
            throw fault("input \"\(wanted.name)\" is \(found), where model.json makes it \(shape)")
        }
    }

    private static func fix(_ model: OpaquePointer?, to ports: [Port], _ fault: (String) -> BundleError) throws {
        var shapes = try ports.map { port in
            var partial = ov_partial_shape_t()
            try check(
                ov_partial_shape_create_static(Int64(port.shape.count), port.shape.map(Int64.init), &partial),
                "making a shape")
            return partial
        }
        defer { for index in shapes.indices { ov_partial_shape_free(&shapes[index]) } }
        let names = ports.map { strdup($0.name) }
        defer { names.forEach { free($0) } }
        var pointers = names.map { UnsafePointer($0) }
        do {
            try check(ov_model_reshape(model, &pointers, shapes, ports.count), "fixing its shape")
        } catch {
            throw fault("cannot be given its input's size: \(error)")
        }
    }

    private static func names(of model: OpaquePointer?, inputs: Bool) -> String {
        var count = 0
        _ = inputs ? ov_model_inputs_size(model, &count) : ov_model_outputs_size(model, &count)
        let names = (0..<count).compactMap { index -> String? in
            var port: OpaquePointer?
            let status =
                inputs
                ? ov_model_const_input_by_index(model, index, &port)
                : ov_model_const_output_by_index(model, index, &port)
            guard status == OK else { return nil }
            defer { ov_output_const_port_free(port) }
            var name: UnsafeMutablePointer<CChar>?
            guard ov_port_get_any_name(port, &name) == OK, let name else { return nil }
            defer { ov_free(name) }
            return "\"\(String(cString: name))\""
        }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
