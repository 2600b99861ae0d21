import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Results
import ServiceLifecycle
import Sessions
import UnixSignals
import Videos

/// The service: HTTP in front of sessions and their log.
///
/// `run` ends when the process is told to stop, after everything acknowledged is stored.
package struct WindhoverServer: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0: any free one.
        package var port = 8080
        package var keys: [String] = []
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
        /// What video files may take.
        package var videos = VideoSettings.none
        /// For running frames when the server stops.
        package var drainTimeout: Duration = .seconds(30)

        package init() {}
    }

    private let configuration: Configuration
    private let registry: SessionRegistry
    private let store: any ResultStore
    private let metrics: Metrics
    private let logger: Logger
    private let videos: VideoQueue
    private let maker: PictureMaker

    package init(
        configuration: Configuration, registry: SessionRegistry, store: any ResultStore, metrics: Metrics,
        logger: Logger
    ) {
        self.configuration = configuration
        self.registry = registry
        self.store = store
        self.metrics = metrics
        self.logger = logger
        let maker = PictureMaker(registry: registry, store: store)
        self.maker = maker
        videos = VideoQueue(
            settings: configuration.videos, registry: registry, store: store, logger: logger,
            draw: { try await maker.overlay(of: $0, alpha: 0.5, only: nil, legend: true) }, observer: metrics.record)
    }

    /// Method and path of everything that is answered, paths as OpenAPI writes them.
    package var resources: [(method: String, path: String)] { routes.map { ($0.method.rawValue, $0.path) } }

    private var routes: [Route] {
        let groups = [
            SessionRoutes(registry: registry, store: store).routes,
            UploadRoutes(registry: registry, store: store, maxBody: configuration.maxBodyBytes).routes,
            StreamRoutes(registry: registry, metrics: metrics, maxFrame: configuration.maxBodyBytes).routes,
            FrameRoutes(registry: registry, store: store, pictures: maker).routes,
            SummaryRoutes(store: store).routes,
            FeatureRoutes(store: store).routes,
            EventRoutes(store: store, metrics: metrics, heartbeat: configuration.heartbeat).routes,
            PictureRoutes(
                store: store, pictures: LivePictures(maker: maker), metrics: metrics,
                heartbeat: configuration.heartbeat
            ).routes,
            VideoRoutes(queue: videos, registry: registry, store: store).routes,
            ModelRoutes(registry: registry).routes,
            LoginRoutes(keys: AccessKeys(configuration.keys)).routes,
            OperationRoutes(registry: registry, store: store, metrics: metrics, videos: videos).routes,
        ]
        return groups.flatMap { $0 }
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
        router.add(
            middleware: Gateway(
                keys: AccessKeys(configuration.keys), metrics: metrics, routes: routes, pages: pages))
        for route in routes {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
        }
        for path in ["/", "**"] {
            router.get(RouterPath(path)) { request, _ in
                guard let response = pages.response(to: request) else { throw HTTPError(.notFound) }
                return response
            }
        }
        let guardLimits = ConnectionGuard.Limits(
            bodyTime: TimeAmount(configuration.bodyTimeout), bodyBytes: configuration.maxBodyBytes,
            videoBytes: configuration.videos.maxBytes, stallTime: TimeAmount(configuration.idleTimeout))
        let application = Application(
            router: router,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(limits: guardLimits)],
                    idleTimeout: TimeAmount(configuration.idleTimeout))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "windhover",
                availableConnectionsDelegate: .maximum(configuration.maxConnections, logger: logger)),
            onServerRunning: { await onRunning($0.localAddress?.port ?? 0) }, logger: logger)

        try await videos.restore()
        // They stop in the opposite order: video files are interrupted, no new frames, running ones finish, connections
        // close, the store last.
        let services: [any Service] = [
            StoreService(store: store), ExpiryService(registry: registry), application,
            DrainService(registry: registry, logger: logger), VideoService(queue: videos),
        ]
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
