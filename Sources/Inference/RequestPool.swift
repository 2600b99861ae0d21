import COpenVINO
import Foundation
import Synchronization

/// One inference request of OpenVINO: used by one caller at a time.
final class Request: @unchecked Sendable {
    private let pointer: OpaquePointer
    /// OpenVINO keeps the address of this, not a copy: it lives as long as the request.
    private let callback: UnsafeMutablePointer<ov_callback_t>

    init(compiled: OpaquePointer) throws {
        var request: OpaquePointer?
        try check(ov_compiled_model_create_infer_request(compiled, &request), "making a request")
        pointer = request!
        callback = .allocate(capacity: 1)
        callback.initialize(
            to: ov_callback_t(
                callback_func: { Unmanaged<Resumption>.fromOpaque($0!).takeRetainedValue().continuation.resume() },
                args: nil))
    }

    func free() {
        ov_infer_request_free(pointer)
        callback.deallocate()
    }

    /// Lends the tensors' own memory to the request: nothing is copied in or out.
    func bind(_ tensors: some Sequence<(name: String, tensor: Tensor)>) throws {
        for (name, tensor) in tensors {
            var dimensions = tensor.shape.map(Int64.init)
            try dimensions.withUnsafeMutableBufferPointer { dimensions in
                let shape = ov_shape_t(rank: Int64(dimensions.count), dims: dimensions.baseAddress)
                var handle: OpaquePointer?
                try check(ov_tensor_create_from_host_ptr(F32, shape, tensor.values, &handle), "lending a tensor")
                defer { ov_tensor_free(handle) }
                try check(ov_infer_request_set_tensor(pointer, name, handle), "setting tensor \"\(name)\"")
            }
        }
    }

    /// Starts the request and comes back when OpenVINO calls: no thread waits meanwhile.
    func run() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let box = Unmanaged.passRetained(Resumption(continuation))
            callback.pointee.args = box.toOpaque()
            do {
                // Set anew each time: OpenVINO takes the callback away while it calls it and puts it back afterwards,
                // and the next run may start before that.
                try check(ov_infer_request_set_callback(pointer, callback), "setting a callback")
                try check(ov_infer_request_start_async(pointer), "starting inference")
            } catch {
                box.release()
                continuation.resume(throwing: error)
            }
        }
        // The callback carries no status. It is called when the result is there, so this returns at once.
        try check(ov_infer_request_wait(pointer), "inference")
    }

    private final class Resumption: Sendable {
        let continuation: CheckedContinuation<Void, any Error>
        init(_ continuation: CheckedContinuation<Void, any Error>) { self.continuation = continuation }
    }
}

/// A fixed number of requests; who finds none free waits in line without holding a thread.
///
/// Tasks of low priority, which look at frames before their turn, let the others go first.
final class RequestPool: Sendable {
    private struct State {
        var idle: [Request]
        var waiting = UrgencyLine<CheckedContinuation<Request, Never>>()
    }

    private let state: Mutex<State>

    init(compiled: OpaquePointer, size: Int) throws {
        let requests = try (0..<max(1, size)).map { _ in try Request(compiled: compiled) }
        state = Mutex(State(idle: requests))
    }

    func take() async -> Request {
        await withCheckedContinuation { continuation in
            let request = state.withLock { state -> Request? in
                if let request = state.idle.popLast() { return request }
                state.waiting.append(continuation, isUrgent: Task.currentPriority > .low)
                return nil
            }
            if let request { continuation.resume(returning: request) }
        }
    }

    func put(_ request: Request) {
        let next = state.withLock { state -> CheckedContinuation<Request, Never>? in
            if let next = state.waiting.popFirst() { return next }
            state.idle.append(request)
            return nil
        }
        next?.resume(returning: request)
    }

    func free() { state.withLock { $0.idle.forEach { $0.free() } } }
}
