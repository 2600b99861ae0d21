import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Results

/// Makes one call.
package struct WebhookCaller: Sendable {
    /// What came of a call.
    package enum Outcome: Sendable, Equatable {
        case taken(status: Int)
        /// Another time perhaps; `after`: seconds that the target asks to be left alone for.
        case failed(reason: String, status: Int? = nil, after: Int? = nil)
        /// The target does not want to be called again (410).
        case gone
        /// It was called off by us, and nothing is known.
        case cancelled
    }

    private let policy: TargetPolicy
    private let resolver: Resolver
    /// For all of it, from the name to the head of the answer.
    private let timeout: Duration

    package init(policy: TargetPolicy, resolver: Resolver = .system, timeout: Duration = .seconds(15)) {
        self.policy = policy
        self.resolver = resolver
        self.timeout = timeout
    }

    /// Calls the target of a delivery; `now` is signed with it.
    package func call(_ delivery: DeliveryRecord, now: Date) async -> Outcome {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await outcome(of: delivery, now: now) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            if let outcome = await group.next()! { return outcome }
            return Task.isCancelled ? .cancelled : .failed(reason: "time-out")
        }
    }

    private func outcome(of delivery: DeliveryRecord, now: Date) async -> Outcome {
        do {
            // The server may have been started with other rules since the URL was taken.
            let target = try policy.target(delivery.url)
            let found: [IPAddress]
            if let address = target.address {
                found = [address]
            } else {
                found = try await resolver.addresses(target.host)
            }
            let addresses = found.filter { policy.allows($0, of: target) }
            guard !addresses.isEmpty else { return .failed(reason: "address-not-allowed") }
            let request = try request(delivery, target, now: now)
            var failure: (any Error)?
            // Few, because all of them share the time.
            for address in addresses.prefix(3) {
                do {
                    return try await send(request, to: target, at: address)
                } catch {
                    failure = error
                }
            }
            throw failure!
        } catch  where Task.isCancelled {
            return .cancelled
        } catch is TargetFault {
            return .failed(reason: "address-not-allowed")
        } catch is ResolverFault {
            return .failed(reason: "name-not-found")
        } catch {
            return .failed(reason: Self.reason(error))
        }
    }

    private func request(
        _ delivery: DeliveryRecord, _ target: WebhookTarget, now: Date
    ) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        let seconds = Int(now.timeIntervalSince1970)
        request.headers = [
            "content-type": "application/json", "user-agent": "windhover", "webhook-id": delivery.id,
            "webhook-timestamp": String(seconds),
        ]
        if let secret = delivery.secret.flatMap(WebhookSecret.init) {
            request.headers.add(
                name: "webhook-signature",
                value: secret.signature(id: delivery.id, seconds: seconds, body: delivery.body))
        }
        request.body = .bytes(ByteBuffer(string: delivery.body))
        return request
    }

    /// A client of its own for every call: it lives as long as the one connection, to the one address that was asked
    /// about.
    private func send(
        _ request: HTTPClientRequest, to target: WebhookTarget, at address: IPAddress
    ) async throws -> Outcome {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        // When to try again is for the queue to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [target.host: address.description]
        // Should the client ever go where it was not sent, nothing is said to whom it finds there.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            let peer = channel.remoteAddress?.ipAddress.flatMap(IPAddress.init)
            return peer == address
                ? channel.eventLoop.makeSucceededVoidFuture()
                : channel.eventLoop.makeFailedFuture(UnexpectedPeer())
        }
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            // The body of the answer is not read: it goes with the connection.
            let answer = try await client.execute(request, deadline: .now() + TimeAmount(timeout))
            switch Int(answer.status.code) {
            case let status where (200..<300).contains(status): return .taken(status: status)
            case 410: return .gone
            case let status where (300..<400).contains(status): return .failed(reason: "redirect", status: status)
            case let status:
                let after = answer.headers.first(name: "retry-after").flatMap { Int($0) }
                return .failed(reason: "status", status: status, after: after.map { max(0, $0) })
            }
        }
    }

    /// Few words, for people and metrics; what exactly went wrong is nobody's business who may name URLs.
    private static func reason(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .connectTimeout, .deadlineExceeded, .readTimeout, .writeTimeout, .tlsHandshakeTimeout: "time-out"
        case .remoteConnectionClosed: "connection-closed"
        case .some: "no-answer"
        case nil: "\(type(of: error))".contains("SSL") ? "certificate" : "no-connection"
        }
    }
}

private struct UnexpectedPeer: Error {}
