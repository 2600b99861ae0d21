import CKernels
import CVision
import Foundation

/// The machine, and what it can do at most: what bounds the stages.
package struct MachineProbe: Sendable, Encodable {
    package let processor: String
    package let cores: Int
    package let system: String
    package let swift: String
    package let openvino: String
    package let opencv: String
    /// Between memory and one core, GB/s, STREAM's triad.
    package let memoryGBs: Double
    /// Of one core, float32 multiplications and additions, GFLOP/s.
    package let peakGFLOPs: Double
    /// Microseconds to touch a page of memory for the first time.
    package let pageFaultUs: Double

    package init(openvino: String) {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        func line(_ key: String) -> String? {
            info.split(separator: "\n").first { $0.hasPrefix("\(key)\t") }?.split(separator: ":").last
                .map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let family = [("family", line("cpu family")), ("model", line("model"))]
            .compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: " ")
        processor = [line("model name") ?? "unknown processor", family.isEmpty ? nil : "(\(family))"]
            .compactMap(\.self).joined(separator: " ")
        cores = ProcessInfo.processInfo.activeProcessorCount
        system = ProcessInfo.processInfo.operatingSystemVersionString
        #if compiler(>=6.4)
            swift = "6.4 or later"
        #elseif compiler(>=6.3)
            swift = "6.3"
        #elseif compiler(>=6.2)
            swift = "6.2"
        #else
            swift = "6.1"
        #endif
        self.openvino = openvino
        opencv = String(cString: windhover_opencv_version())
        memoryGBs = Self.memory()
        peakGFLOPs = Self.peak()
        pageFaultUs = Self.pageFault()
    }

    private static func memory() -> Double {
        let count = 16 << 20
        let a = [Float](repeating: 1, count: count), b = a
        var out = a
        let times = (0..<7).map { _ in Stopwatch.thread { windhover_triad(a, b, &out, count) }.milliseconds }
        return 12 * Double(count) / Distribution(times).median / 1e6
    }

    private static func peak() -> Double {
        let rounds: Int64 = 1_000_000
        let times = (0..<7).map { _ in Stopwatch.thread { windhover_multiply_add(rounds) }.milliseconds }
        return 384 * Double(rounds) / Distribution(times).median / 1e6
    }

    private static func pageFault() -> Double {
        let (page, count) = (4096, 4096)
        let times = (0..<5).map { _ in
            let memory = mmap(nil, page * count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
            defer { munmap(memory, page * count) }
            return Stopwatch.thread {
                for index in 0..<count { memory.storeBytes(of: 1, toByteOffset: index * page, as: UInt8.self) }
            }.milliseconds
        }
        return Distribution(times).median * 1e3 / Double(count)
    }

    private enum CodingKeys: String, CodingKey {
        case processor, cores, system, swift, openvino, opencv
        case memoryGBs = "memory_gb_s"
        case peakGFLOPs = "peak_gflop_s"
        case pageFaultUs = "page_fault_us"
    }
}
