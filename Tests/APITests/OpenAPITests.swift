import API
import Foundation
import Testing
import Yams

@Suite struct OpenAPITests {
    @Test func `openapi yaml describes exactly the resources there are`() async throws {
        try await withServer { server in
            let served = try await server.send("GET", "/openapi.yaml")
            let document = try #require(
                try Yams.load(yaml: String(decoding: served.body, as: UTF8.self)) as? [String: Any])
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            var described: Set<String> = []
            for (path, item) in paths {
                for method in item.keys
                where ["get", "put", "post", "delete", "patch", "head", "options"].contains(method) {
                    described.insert("\(method.uppercased()) \(path)")
                }
            }
            let answered = Set(server.resources.map { "\($0.method) \($0.path)" })
            #expect(described == answered)
        }
    }

    @Test func `Every answer of a frame's life has the members its schema requires, and no others`() async throws {
        try await withServer { server in
            let served = try await server.send("GET", "/openapi.yaml")
            let document = try #require(
                try Yams.load(yaml: String(decoding: served.body, as: UTF8.self)) as? [String: Any])
            let schemas = try #require(
                (document["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]])
            func check(_ object: [String: Any], _ name: String) throws {
                let schema = try #require(schemas[name])
                let required = Set(try #require(schema["required"] as? [String]))
                let known = Set(try #require(schema["properties"] as? [String: Any]).keys)
                #expect(required.subtracting(object.keys).isEmpty, "\(name) lacks members")
                #expect(Set(object.keys).subtracting(known).isEmpty, "\(name) has members of its own")
            }
            let id = try await server.session()
            try check(try await server.send("GET", "/v1/sessions/\(id)").json, "Session")
            try check(try await server.put(TestServer.frame(0), 0, to: id).json, "Frame")
            try check(try await server.put(TestServer.frame(1), 1, to: id).json, "Frame")
            try check(try await server.send("GET", "/v1/models/golden-7").json, "Model")
            if Clips.isPossible {
                let video = try await server.video(Clips.make(seconds: 0.3))
                try check(video, "Video")
            }
            let options = try #require(
                try await server.send("GET", "/v1/sessions/\(id)").json["options"] as? [String: Any])
            let settable = Set(try #require(schemas["NewSession"]?["properties"] as? [String: Any]).keys)
            #expect(Set(options.keys) == settable.subtracting(["drone_id", "mission_id", "model"]))
        }
    }
}
