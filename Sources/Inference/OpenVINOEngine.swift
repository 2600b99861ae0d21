import COpenVINO
import Foundation

/// Runs bundles on OpenVINO, through its C API.
package final class OpenVINOEngine: Engine {
    package struct Options: Sendable, Equatable {
        /// `CPU`, `GPU`, `NPU`, `AUTO`, or anything else this OpenVINO has a plug-in for.
        package var device = "CPU"
        package var precision = Precision.f32
        /// Threads for inference; 0 leaves it to OpenVINO (one per physical core).
        package var threads = 0
        /// Frames that may be in the image model at once.
        package var requests = 2
        package var hint = Hint.auto

        package init() {}
    }

    package enum Precision: String, Sendable, CaseIterable {
        /// The fastest: int8 on the processor where the bundle has it; else what the device is fastest in, which is
        /// bf16 on processors that compute in it (AMX, AVX-512 BF16), f32 on others, f16 on most GPUs.
        case auto
        case f32, bf16, f16
        /// The bundle's 8-bit image model, and its 8-bit similarity where it has one; what is left in floats as `auto`.
        case int8
    }

    package enum Hint: String, Sendable, CaseIterable {
        /// On the CPU, latency for a frame that is alone and throughput for frames beside others; elsewhere latency.
        case auto
        /// A frame's layers are divided among all threads.
        case latency
        /// Each frame is computed by threads of its own.
        case throughput
    }

    private let core: Core
    private let options: Options

    package init(options: Options = Options()) throws {
        self.options = options
        core = try Core()
    }

    /// OpenVINO's own version, for logs and `/v1/models`.
    package static var version: String {
        var version = ov_version_t()
        guard ov_get_openvino_version(&version) == OK else { return "unknown" }
        defer { ov_version_free(&version) }
        return version.buildNumber.map { String(cString: $0) } ?? "unknown"
    }

    package func load(_ bundle: ModelBundle) async throws -> any SegmentationModel {
        // Reading and compiling take seconds of processor time: not on Swift's cooperative threads.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try OpenVINOModel(bundle, core: self.core, options: self.options) })
            }
        }
    }
}

/// `ov_core_t`, which may be used from several threads.
final class Core: @unchecked Sendable {
    let pointer: OpaquePointer

    init() throws {
        var core: OpaquePointer?
        try check(ov_core_create(&core), "starting OpenVINO")
        pointer = core!
    }

    deinit { ov_core_free(pointer) }
}

/// Turns OpenVINO's status codes into an error with its message.
func check(_ status: ov_status_e, _ doing: @autoclosure () -> String) throws {
    guard status != OK else { return }
    let detail = ov_get_last_err_msg().map { String(cString: $0) } ?? ""
    // Messages carry source lines of OpenVINO's first; what a person needs stands at the end.
    let lines = detail.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("Exception from ") }
    let meaning =
        lines.isEmpty ? ov_get_error_info(status).map { String(cString: $0) } ?? "" : lines.joined(separator: " ")
    throw InferenceError("\(doing()): \(meaning)")
}
