import Benchmark

/// SSP's own work, on one thread.
struct BenchFusing: BenchPart {
    static let name = "fusing"

    let sizes: [FusionBenchmark]

    init(rounds: Int) {
        sizes = [(1280, 736), (640, 384)].map { width, height in
            FusionBenchmark(width: width, height: height, classes: 8, rounds: rounds)
        }
    }

    var goals: [Goal] {
        zip(sizes, [12.0, 3]).map { size, limit in
            Goal("fusing \(size.width)x\(size.height), float16 state, ms", size.float16.median, .atMost(limit))
        }
    }

    var lines: [String] {
        var table = Table([
            ("ms of one thread", .left), ("median", .right), ("p95", .right), ("GB/s of state", .right),
            ("times ours", .right),
        ])
        for size in sizes {
            let ways = [
                ("float16 state", size.float16, Double(size.bytes)),
                ("float32 state", size.float32, 2 * Double(size.bytes)),
                ("step by step, plainly", size.plain, 0), ("step by step, OpenCV", size.opencv, 0),
            ]
            for (name, time, bytes) in ways {
                table.add([
                    "\(size.width)x\(size.height), \(size.classes) classes, \(name)", time.median.fixed(2),
                    time.p95.fixed(2), bytes > 0 ? (bytes / time.median / 1e6).fixed(1) : "",
                    (time.median / size.float16.median).fixed(1),
                ])
            }
        }
        return table.lines
    }
}
