import Foundation
import Testing
import WindhoverClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite struct ClientTests {
    @Test("A new session asks for what was given, and for nothing else")
    func createSession() async throws {
        let server = try ScriptedServer([.answer(201, body: Fixture.session)])
        defer { server.stop() }
        let request = SessionRequest(
            droneID: "kestrel", options: SessionOptions(registration: "orb", storeMasks: false))
        let session = try await makeClient(server).createSession(request)
        let sent = try #require(server.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.target == "/v1/sessions")
        #expect(sent.headers["content-type"] == "application/json")
        #expect(
            String(decoding: sent.body, as: UTF8.self)
                == #"{"drone_id":"kestrel","registration":"orb","store_masks":false}"#)
        #expect(session.id == "s1")
        #expect(session.state == .active)
        #expect(session.nextSequence == 0)
        #expect(session.options?.maxGapMs == 1000)
    }

    @Test("A session whose creation may have happened is not created twice")
    func createSessionOnce() async throws {
        let server = try ScriptedServer([.hangUp, .answer(201, body: Fixture.session)])
        defer { server.stop() }
        await #expect(throws: URLError.self) { try await makeClient(server).createSession() }
        #expect(server.requests.count == 1)
    }

    @Test("A session refused for lack of room is asked for again")
    func createSessionLater() async throws {
        let server = try ScriptedServer([
            .answer(503, headers: ["Retry-After": "1"], body: Fixture.problem("state-capacity", 503)),
            .answer(201, body: Fixture.session),
        ])
        defer { server.stop() }
        let naps = Naps()
        _ = try await makeClient(server, naps: naps).createSession()
        #expect(naps.all == [.seconds(1)])
    }

    @Test("Lists are followed to their end")
    func pages() async throws {
        let server = try ScriptedServer([
            .answer(200, body: #"{"items": [\#(Fixture.record)], "next_cursor": "a+b/c="}"#),
            .answer(200, body: #"{"items": [], "next_cursor": "d"}"#),
            .answer(200, body: #"{"items": [\#(Fixture.record)], "next_cursor": null}"#),
        ])
        defer { server.stop() }
        var query = FrameQuery(limit: 1)
        (query.drones, query.modes, query.from) = (
            ["kestrel & co"], [.propagated], Date(timeIntervalSince1970: 0)
        )
        query.classes = [.init("person", minFraction: 0.01)]
        var records: [FrameRecord] = []
        for try await record in makeClient(server).allFrames(query) { records.append(record) }
        #expect(records.count == 2)
        let expected =
            "/v1/frames?drone=kestrel%20%26%20co&mode=propagated&class=person&min_fraction=0.01"
            + "&from=1970-01-01T00%3A00%3A00.000Z&limit=1"
        #expect(
            server.requests.map(\.target) == [
                expected, expected + "&cursor=a%2Bb%2Fc%3D", expected + "&cursor=d",
            ])
    }

    @Test("Every condition of a list has its parameter")
    func conditions() async throws {
        let server = try ScriptedServer([.answer(200, body: #"{"items": [], "next_cursor": null}"#)])
        defer { server.stop() }
        var query = FrameQuery(sessions: ["s", "t"], limit: 5)
        (query.missions, query.models, query.reasons) = (["m"], ["a", "b"], ["gap", "none"])
        (query.registrations, query.registrationOK) = (["klt"], false)
        query.classes = [.init("water", minFraction: 0.5), .init("road")]
        query.anyClass = true
        (query.minSimilarity, query.maxSimilarity, query.minChanged, query.maxChanged) = (0.125, 0.5, 0, 0.25)
        query.box = .init(west: 179.5, south: -1, east: -179.5, north: 1)
        (query.to, query.order) = (Date(timeIntervalSince1970: 1), .oldestFirst)
        _ = try await makeClient(server).frames(query)
        let target = try #require(URLComponents(string: server.requests[0].target))
        let items = Dictionary(uniqueKeysWithValues: (target.queryItems ?? []).map { ($0.name, $0.value ?? "") })
        #expect(
            items == [
                "session": "s,t", "mission": "m", "model": "a,b", "reason": "gap,none", "registration": "klt",
                "registration_ok": "false", "class": "water,road", "min_fraction": "0.5,0.0", "class_match": "any",
                "min_similarity": "0.125", "max_similarity": "0.5", "min_changed": "0.0", "max_changed": "0.25",
                "bbox": "179.5,-1.0,-179.5,1.0", "to": "1970-01-01T00:00:01.000Z", "sort": "captured_at",
                "limit": "5",
            ])
    }

    @Test("A record is read, members and modes of a later version included")
    func record() async throws {
        let server = try ScriptedServer([
            .answer(200, body: Fixture.record.replacing("propagated", with: "imagined"))
        ])
        defer { server.stop() }
        let record = try await makeClient(server).frame("0197")
        #expect(server.requests[0].target == "/v1/frames/0197")
        #expect(record.mode.rawValue == "imagined")
        #expect(record.capturedAt == Date(timeIntervalSince1970: 1_780_300_800.25))
        #expect(record.receivedAt == Date(timeIntervalSince1970: 1_780_300_801))
        #expect(record.registration?.homography?[2] == 2.5)
        #expect(record.stageMs == ["decode": 4.5, "image_model": 80])
        #expect(record.links?.mask == "/v1/frames/0197/mask")
        #expect(record.links?.overlay == nil)
        #expect(record.classes.first?.pixels == 23040)
    }

    @Test("Pictures and outlines of a frame are fetched as they are")
    func forms() async throws {
        let server = try ScriptedServer(Array(repeating: .answer(200, body: "bytes"), count: 5))
        defer { server.stop() }
        let client = makeClient(server)
        let answers = [
            try await client.mask(of: "f"), try await client.overlay(of: "f"), try await client.similarity(of: "f"),
            try await client.runLengths(of: "f"), try await client.polygons(of: "f"),
        ]
        #expect(answers.allSatisfy { $0 == Data("bytes".utf8) })
        #expect(
            server.requests.map(\.target)
                == ["mask", "overlay", "similarity", "rle", "polygons"].map { "/v1/frames/f/\($0)" })
    }

    @Test("Sessions end with an empty answer, and a base path is kept")
    func basePath() async throws {
        let server = try ScriptedServer([.answer(204, body: "")])
        defer { server.stop() }
        let client = WindhoverClient(baseURL: server.url.appending(path: "windhover/"), retry: .never)
        try await client.endSession("s1")
        #expect(server.requests[0].method == "DELETE")
        #expect(server.requests[0].target == "/windhover/v1/sessions/s1")
    }

    @Test("Models are listed by name")
    func models() async throws {
        let server = try ScriptedServer([
            .answer(200, body: ##"{"items": [{"name": "town", "classes": [{"name": "road", "color": "#8e8e93"}]}]}"##),
            .answer(200, body: #"{"name": "town", "stride": 4}"#),
        ])
        defer { server.stop() }
        let client = makeClient(server)
        #expect(try await client.models().first?.classes?.first?.name == "road")
        #expect(try await client.model("town").name == "town")
        #expect(server.requests[1].target == "/v1/models/town")
    }

    @Test("Readiness is one question, whatever the answer")
    func readiness() async throws {
        let server = try ScriptedServer([.hangUp, .answer(503), .answer(200)])
        defer { server.stop() }
        let client = makeClient(server)
        #expect(try await client.isReady() == false)
        #expect(try await client.isReady() == false)
        #expect(try await client.isReady())
        #expect(server.requests.count == 3)
    }
}
