import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Results
import ServiceLifecycle
import Sessions
import UnixSignals
import Videos
import Webhooks

/// The service: HTTP in front of sessions and their log.
///
/// `run` ends when the process is told to stop, after everything acknowledged is stored.
package struct WindhoverServer: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0: any free one.
        package var port = 8080
        /// Keys with all scopes, beside those that the store has.
        package var keys: [String] = []
        /// Names by which a server without keys may be called, beside loopback's and its address.
        package var allowedHosts: [String] = []
        /// Of keys that have none of their own; nil: they may make as many requests as they like.
        package var rate: KeyRecord.Rate?
        /// Nil: plain HTTP.
        package var tls: TLSFiles?
        /// For keys and limits.
        package var clock = ServiceClock.system
        /// Served at `/`.
        package var pages = WebPages()
        package var maxBodyBytes = 16 << 20
        package var maxConnections = 1024
        /// From a request's head to the end of its body; of a stream of frames or a video file, without a byte of it.
        package var bodyTimeout: Duration = .seconds(30)
        /// Without a byte, and for a request's head.
        package var idleTimeout: Duration = .seconds(60)
        /// The longest silence of a stream of events.
        package var heartbeat: Duration = .seconds(15)
        /// What is kept for how long.
        package var retention = RetentionPolicy()
        package var retentionOptions = Retention.Options()
        /// What ages are measured with.
        package var retentionClock = MachineClock.system
        /// What video files may take.
        package var videos = VideoSettings.none
        /// For running frames when the server stops.
        package var drainTimeout: Duration = .seconds(30)
        package var webhooks = Webhooks()

        package init() {}

        /// How webhooks are called, and which addresses they may have.
        package struct Webhooks: Sendable {
            package var policy = TargetPolicy()
            package var resolver = Resolver.system
            package var timeout: Duration = .seconds(15)
            package var queue = WebhookQueue.Policy()

            package init() {}
        }
    }

    private let configuration: Configuration
    private let registry: SessionRegistry
    private let store: any ResultStore & KeyStore
    private let metrics: Metrics
    private let logger: Logger
    private let ring: KeyRing
    private let authenticator: Authenticator
    /// Nil for a store that has nothing to remove.
    private let keeper: Keeper?
    private let videos: VideoQueue
    private let maker: PictureMaker

    package init(
        configuration: Configuration, registry: SessionRegistry, store: any ResultStore & KeyStore, metrics: Metrics,
        logger: Logger
    ) {
        self.configuration = configuration
        self.registry = registry
        self.store = store
        self.metrics = metrics
        self.logger = logger
        ring = KeyRing(store: store, clock: configuration.clock)
        authenticator = Authenticator(
            startKeys: configuration.keys, ring: ring,
            hosts: HostRule(listeningOn: configuration.host, allowed: configuration.allowedHosts),
            clock: configuration.clock)
        keeper = (store as? SQLiteStore).map { store in
            let retention = Retention(
                store: store, policy: configuration.retention, clock: configuration.retentionClock,
                options: configuration.retentionOptions)
            return Keeper(store: store, retention: retention, metrics: metrics, logger: logger)
        }
        let maker = PictureMaker(registry: registry, store: store)
        self.maker = maker
        videos = VideoQueue(
            settings: configuration.videos, registry: registry, store: store, logger: logger,
            draw: { try await maker.overlay(of: $0, alpha: 0.5, only: nil, legend: true) }, observer: metrics.record)
    }

    /// What is answered, and to whom.
    package struct Resource: Sendable {
        package let method: String
        /// As OpenAPI writes it.
        package let path: String
        /// A key needs one of them; empty: none is needed.
        package let scopes: Set<KeyRecord.Scope>
    }

    package var resources: [Resource] {
        routes.map { Resource(method: $0.method.rawValue, path: $0.path, scopes: $0.rule.scopes) }
    }

    private var routes: [Route] {
        let groups = [
            SessionRoutes(
                registry: registry, store: store, clock: configuration.clock, policy: configuration.webhooks.policy
            ).routes,
            ConditionRoutes(registry: registry, store: store, policy: configuration.webhooks.policy).routes,
            UploadRoutes(registry: registry, store: store, maxBody: configuration.maxBodyBytes).routes,
            StreamRoutes(registry: registry, metrics: metrics, maxFrame: configuration.maxBodyBytes).routes,
            FrameRoutes(registry: registry, store: store, pictures: maker).routes,
            SummaryRoutes(store: store).routes,
            FeatureRoutes(store: store).routes,
            ExportRoutes(store: store, pictures: maker, metrics: metrics).routes,
            EventRoutes(store: store, metrics: metrics, heartbeat: configuration.heartbeat).routes,
            PictureRoutes(
                store: store, pictures: LivePictures(maker: maker), metrics: metrics,
                heartbeat: configuration.heartbeat
            ).routes,
            VideoRoutes(queue: videos, registry: registry, store: store, clock: configuration.clock).routes,
            ModelRoutes(registry: registry).routes,
            LoginRoutes(authenticator: authenticator, isSecure: configuration.tls != nil).routes,
            KeyRoutes(store: store, ring: ring, clock: configuration.clock).routes,
            OperationRoutes(registry: registry, store: store, metrics: metrics, videos: videos, keeper: keeper).routes,
            keeper.map {
                RetentionRoutes(keeper: $0, clock: configuration.clock).routes
                    + HoldRoutes(store: $0.store, clock: configuration.clock).routes
            } ?? [],
        ]
        return groups.flatMap { $0 }
    }

    private var webhooks: WebhookQueue {
        let settings = configuration.webhooks
        return WebhookQueue(
            store: store,
            caller: WebhookCaller(policy: settings.policy, resolver: settings.resolver, timeout: settings.timeout),
            policy: settings.queue,
            report: { [metrics, logger] report in
                metrics.record(report)
                guard case .failing(let delivery) = report else { return }
                logger.warning(
                    "a webhook's target fails",
                    metadata: [
                        "session": "\(delivery.sessionID)", "condition": "\(delivery.condition)",
                        "reason": "\(delivery.reason ?? "")", "status": "\(delivery.status.map(String.init) ?? "")",
                    ])
            })
    }

    /// Serves until SIGTERM or SIGINT, or until the surrounding task is cancelled.
    ///
    /// `onRunning` is told the port.
    package func run(
        signals: Bool = true, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) async throws {
        // RFC 9110, 9.3.2: what answers GET answers HEAD.
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        let routes = routes
        let pages = configuration.pages
        let limiter = RateLimiter(configuration.rate)
        let tls = try configuration.tls.map { try TLSCredentials($0) }
        try await ring.open()
        router.add(
            middleware: Gateway(
                authenticator: authenticator, ring: ring, limiter: limiter, clock: configuration.clock,
                metrics: metrics, routes: routes, pages: pages))
        let admission = Admission(registry: registry, store: store)
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                try await admission.check(route.rule, context)
                return try await route.handler(request, context)
            }
        }
        for path in ["/", "**"] {
            router.get(RouterPath(path)) { request, _ in
                guard let response = pages.response(to: request) else { throw HTTPError(.notFound) }
                return response
            }
        }
        let idleTimeout = configuration.idleTimeout
        let guardLimits = ConnectionGuard.Limits(
            bodyTime: TimeAmount(configuration.bodyTimeout), bodyBytes: configuration.maxBodyBytes,
            videoBytes: configuration.videos.maxBytes, stallTime: TimeAmount(configuration.idleTimeout))
        let application = Application(
            router: router,
            server: HTTPServerBuilder { responder in
                let plain = HTTP1Channel(
                    responder: responder,
                    configuration: .init(
                        additionalChannelHandlers: [ConnectionGuard(limits: guardLimits)],
                        idleTimeout: TimeAmount(idleTimeout)))
                return tls.map { TLSServerChannel(plain, $0) } ?? plain
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "windhover",
                availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: logger)),
            onServerRunning: { await onRunning($0.localAddress?.port ?? 0) }, logger: logger)

        try await videos.restore()
        let keeping: [any Service] =
            keeper.map { [DiskService(keeper: $0), RetentionService(keeper: $0)] } ?? []
        // They stop in the opposite order: video files are interrupted, no new frames, running ones finish, connections
        // close, calls of webhooks that run end, the store last.
        var services: [any Service] =
            [StoreService(store: store)] + keeping + [
                WebhookService(queue: webhooks), ExpiryService(registry: registry),
                KeyService(ring: ring, limiter: limiter, clock: configuration.clock, logger: logger), application,
                DrainService(registry: registry, logger: logger), VideoService(queue: videos),
            ]
        if let tls { services.append(TLSService(credentials: tls, trapsSignal: signals, logger: logger)) }
        var group = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.drainTimeout
        do {
            try await ServiceGroup(configuration: group).run()
        } catch let error as IOError {
            throw ListenError(host: configuration.host, port: configuration.port, code: error.errnoCode)
        }
        logger.info("stopped; everything acknowledged is stored")
    }
}

/// The server cannot listen where it was told to.
package struct ListenError: Error, CustomStringConvertible {
    let host: String
    let port: Int
    let code: CInt

    package var description: String {
        switch code {
        case EADDRINUSE: "port \(port) is in use: stop what uses it, or choose another with --port"
        case EADDRNOTAVAIL: "\(host) is no address of this machine (--host)"
        case EACCES: "port \(port) is for root only: choose one above 1023 with --port"
        default: "cannot listen on \(host), port \(port): \(String(cString: strerror(code)))"
        }
    }
}

/// On shutdown: nothing new is taken, and what runs is finished.
private struct DrainService: Service {
    let registry: SessionRegistry
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        logger.info("stopping: frames that run are finished")
        await registry.beginDraining()
        await registry.drained()
    }
}

/// Lets idle sessions go.
private struct ExpiryService: Service {
    let registry: SessionRegistry

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                await registry.expire()
            }
        }
    }
}

/// Calls webhooks.
private struct WebhookService: Service {
    let queue: WebhookQueue

    func run() async throws {
        await withGracefulShutdownHandler {
            await queue.run()
        } onGracefulShutdown: {
            Task { await queue.stop() }
        }
    }
}

/// Notices keys that other processes made or revoked, and tells the store when keys were used.
private struct KeyService: Service {
    let ring: KeyRing
    let limiter: RateLimiter
    let clock: ServiceClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard !Task.isCancelled else { break }
                limiter.tidy(at: clock.uptime())
                do {
                    try await ring.refresh()
                    try await ring.writeUses()
                    isFailing = false
                } catch is CancellationError {
                    break
                } catch {
                    // What is known stays good; said once, not every second.
                    if !isFailing { logger.error("cannot look for changed keys", metadata: ["error": "\(error)"]) }
                    isFailing = true
                }
            }
        }
        try? await ring.writeUses()
    }
}

/// Runs video files, until they are interrupted: their frames are the last to come in.
private struct VideoService: Service {
    let queue: VideoQueue

    func run() async throws {
        await queue.start()
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await queue.expire()
                try? await Task.sleep(for: .seconds(60))
            }
        }
        await queue.stop()
    }
}

/// Closes the store when everybody else is done.
private struct StoreService: Service {
    let store: any ResultStore

    func run() async throws {
        try? await gracefulShutdown()
        try await store.close()
    }
}
