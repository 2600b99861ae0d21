import Foundation
import Imaging
import Testing

extension EndToEndTests {
    @Suite("Golden cases over HTTP") struct GoldenTests {
        /// The reference's.
        private let precision = ["--precision", "f32"]

        @Test("There are golden cases")
        func cases() {
            #expect(GoldenCase.all.count >= 2)
        }

        @Test("Masks are the reference's in 99.9 % of pixels in float32", arguments: GoldenCase.all)
        func float32(golden: GoldenCase) async throws {
            try await withServer(arguments: precision) { server in
                try await run(golden, "ssp", server, options: #""state_precision": "float32""#, atLeast: 0.999)
            }
        }

        @Test("Masks are the reference's in 99.5 % of pixels with float16 state", arguments: GoldenCase.all)
        func float16(golden: GoldenCase) async throws {
            try await withServer(arguments: precision) { server in
                try await run(golden, "ssp", server, options: #""state_precision": "float16""#, atLeast: 0.995)
            }
        }

        @Test("Without registration masks are the reference's", arguments: GoldenCase.all)
        func unregistered(golden: GoldenCase) async throws {
            try await withServer(arguments: precision) { server in
                try await run(
                    golden, "unregistered", server, options: #""registration": "identity""#, homography: false,
                    atLeast: 0.999)
            }
        }

        @Test("With cosine similarity masks are the reference's", arguments: GoldenCase.all)
        func cosine(golden: GoldenCase) async throws {
            try await withFolder { folder in
                let models = folder.appending(path: "models")
                try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
                try golden.copyWithCosine(to: models)
                try await withServer(data: folder.appending(path: "data"), models: models, arguments: precision) {
                    server in
                    try await run(golden, "cosine", server, atLeast: 0.999)
                }
            }
        }

        /// Sends a case's frames and compares each mask, as answered and as stored, with the reference's.
        private func run(
            _ golden: GoldenCase, _ run: String, _ server: Server, options: String = "", homography: Bool = true,
            atLeast: Double
        ) async throws {
            let options = [#""model": "\#(try golden.model)""#, options].filter { !$0.isEmpty }
            let session = try await server.session("{\(options.joined(separator: ", "))}")
            for k in 0..<(try golden.count) {
                let answer = try await server.put(
                    golden.frame(k), k, to: session, query: golden.query(k, homography: homography),
                    accept: "image/png")
                try #require(answer.status == 200, "frame \(k): \(answer.text)")
                #expect(answer.headers["content-type"] == "image/png")
                #expect(answer.headers["windhover-mode"] == (k == 0 ? "cold" : "propagated"))
                let mask = try LabelMap(png: answer.body)
                #expect(try agreement(mask, golden.mask(run, k)) >= atLeast, "frame \(k)")

                let id = try #require(answer.headers["windhover-frame-id"])
                let stored = try await server.send("GET", "/v1/frames/\(id)/mask")
                try #require(stored.status == 200, "frame \(k): \(stored.text)")
                #expect(try LabelMap(png: stored.body) == mask, "frame \(k) as stored")
            }
        }
    }
}
