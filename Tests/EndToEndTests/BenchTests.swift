import Foundation
import Testing

extension EndToEndTests {
    @Suite("windhover bench") struct BenchTests {
        private static let common = [
            "bench", "--models", GoldenCase.folder.path, "--width", "320", "--height", "192", "--count", "4",
            "--seconds", "0.3",
            "--sessions", "1", "2",
        ]

        @Test("As JSON it has the machine, each part's figures, and goals that say whether they are met")
        func json() async throws {
            let run = try await ChildProcess.run(
                Self.common + ["--soak", "8", "--json", "--only", "latency", "crowd", "memory"])
            #expect(run.status == 0, "\(run.errors)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let report = try decoder.decode(Report.self, from: Data(run.output.utf8))
            #expect(report.machine.cores > 0 && report.machine.peakGflopS > 0 && report.machine.memoryGbS > 0)
            #expect(report.latency.ways.count == 4)
            for way in report.latency.ways {
                #expect(way.latencyMs.count == 4 && way.latencyMs.median > 0, "\(way.name)")
                #expect(way.latencyMs.p95 >= way.latencyMs.median, "\(way.name)")
                #expect(way.stages["image"]?.count == 4, "\(way.name)")
                // Whoever segments each frame alone does not register.
                #expect((way.stages["similarity"] != nil) == way.name.contains("SSP"), "\(way.name)")
            }
            #expect(report.crowd.levels.map(\.sessions) == [1, 2])
            #expect(report.crowd.levels.allSatisfy { $0.framesPerSecond > 0 && $0.processorShare > 0 })
            #expect(report.memory.levels.map(\.sessions) == [0, 1, 8, 32])
            #expect(report.memory.stateBytes > 0 && report.memory.float16Differs.count == 4)
            #expect(report.memory.soak.frames == 8)
            #expect(Set(report.goals.map(\.name)).count == report.goals.count && report.goals.count >= 8)
            for goal in report.goals {
                let met = goal.atMost.map { goal.value <= $0 } ?? goal.atLeast.map { goal.value >= $0 }
                #expect(met == goal.met, "\(goal.name)")
            }
        }

        @Test("As text it has a heading for each part that was asked for, and no other")
        func text() async throws {
            let run = try await ChildProcess.run(Self.common + ["--only", "latency"])
            #expect(run.status == 0 && run.output.contains("\nLATENCY\n") && !run.output.contains("\nCROWD\n"))
            #expect(run.output.contains("GOALS"), "\(run.output)")
            let wrong = try await ChildProcess.run(["bench", "--only", "luck"])
            #expect(wrong.status != 0 && wrong.errors.contains("luck"))
        }

        private struct Report: Decodable {
            struct Machine: Decodable {
                let cores: Int
                let memoryGbS: Double
                let peakGflopS: Double
            }
            struct Summary: Decodable {
                let count: Int
                let median: Double
                let p95: Double
            }
            struct Latency: Decodable {
                struct Way: Decodable {
                    let name: String
                    let latencyMs: Summary
                    let stages: [String: Summary]
                }
                let ways: [Way]
            }
            struct Crowd: Decodable {
                struct Level: Decodable {
                    let sessions: Int
                    let framesPerSecond: Double
                    let processorShare: Double
                }
                let levels: [Level]
            }
            struct Memory: Decodable {
                struct Level: Decodable { let sessions: Int }
                struct Soak: Decodable { let frames: Int }
                let levels: [Level]
                let stateBytes: Int
                let float16Differs: [Double]
                let soak: Soak
            }
            struct Goal: Decodable {
                let name: String
                let value: Double
                let atMost: Double?
                let atLeast: Double?
                let met: Bool
            }
            let machine: Machine
            let latency: Latency
            let crowd: Crowd
            let memory: Memory
            let goals: [Goal]
        }
    }
}
