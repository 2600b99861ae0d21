import Foundation
import Sessions
import Synchronization

/// A key of a server that was started with `TestServer.startKey`.
struct KeyHolder: Sendable {
    let id: String
    let token: String

    var headers: [String: String] { ["Authorization": "Bearer \(token)"] }
}

extension TestServer {
    static let startKey = "the-key-it-was-started-with"
    static let root = ["Authorization": "Bearer \(startKey)"]

    func key(_ json: String) async throws -> KeyHolder {
        let answer = try await send(
            "POST", "/v1/keys", headers: Self.root.merging(["Content-Type": "application/json"]) { $1 },
            body: Array(json.utf8))
        guard answer.status == 201, let id = answer.json["id"] as? String, let token = answer.json["key"] as? String
        else { throw TestFailure("no key: \(answer.status) \(String(decoding: answer.body, as: UTF8.self))") }
        return KeyHolder(id: id, token: token)
    }

    func key(scopes: [String], drones: [String]? = nil, missions: [String]? = nil) async throws -> KeyHolder {
        var members: [String: Any] = ["name": "test", "scopes": scopes]
        members["drones"] = drones
        members["missions"] = missions
        return try await key(String(decoding: JSONSerialization.data(withJSONObject: members), as: UTF8.self))
    }

    /// A session with so many frames, made with the start key.
    func flight(drone: String?, mission: String? = nil, frames: Int) async throws -> (session: String, frames: [String])
    {
        var members: [String: Any] = ["registration": "identity", "store_images": "original"]
        members["drone_id"] = drone
        members["mission_id"] = mission
        let answer = try await send(
            "POST", "/v1/sessions", headers: Self.root.merging(["Content-Type": "application/json"]) { $1 },
            body: Array(JSONSerialization.data(withJSONObject: members)))
        guard let id = answer.json["id"] as? String else { throw TestFailure("no session: \(answer.json)") }
        var ids: [String] = []
        for k in 0..<frames {
            let frame = try await put(Self.frame(k), k, to: id, headers: Self.root)
            guard let id = frame.json["id"] as? String else { throw TestFailure("no frame: \(frame.json)") }
            ids.append(id)
        }
        return (id, ids)
    }

    /// The status of an answer, which may have no end.
    func status(_ method: String, _ path: String, headers: [String: String], body: [UInt8] = []) throws -> Int {
        let connection = try RawConnection(port: port)
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        connection.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\(lines)\r\n")
        connection.send(body)
        guard let head = connection.receiveHead() else { throw TestFailure("no answer to \(method) \(path)") }
        return Int(head.dropFirst(9).prefix(3)) ?? 0
    }
}

/// The time as the test says it is.
final class TestClock: Sendable {
    private let offset = Mutex(Duration.zero)
    private let step: Duration
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// `step`: it goes on by so much whenever it is read, so that nothing is limited in time.
    init(step: Duration = .zero) { self.step = step }

    func advance(by time: Duration) { offset.withLock { $0 += time } }

    var clock: ServiceClock {
        ServiceClock(
            now: { Self.start + self.offset.withLock { $0 } / .seconds(1) },
            uptime: {
                self.offset.withLock { offset in
                    offset += self.step
                    return offset
                }
            })
    }
}
