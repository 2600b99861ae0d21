// swift-tools-version:6.1
import PackageDescription

// Floors of the house (docs/architecture.md): a target imports only targets above it in this file.

/// `scripts/bootstrap` writes pkg-config files for the libraries that have none of their own into `.deps`.
let deps = Context.packageDirectory + "/.deps"

var settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
// The Makefile sets this; a newer compiler's new warning must not break the build of somebody who only uses Windhover.
if Context.environment["WINDHOVER_STRICT"] != nil {
    settings.append(.unsafeFlags(["-warnings-as-errors"]))
}

/// OpenVINO is found where bootstrap unpacked it, or beside the program (`$ORIGIN`, set by SwiftPM).
let openVINOPath: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", deps + "/openvino/libs"], .when(platforms: [.linux]))
]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let sqlite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "windhover",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .executable(name: "windhover", targets: ["windhover"]),
        .library(name: "WindhoverClient", targets: ["WindhoverClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.15.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "3.12.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.86.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.29.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.4.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    ],
    targets: [
        // 0: libraries
        .systemLibrary(name: "COpenVINO", pkgConfig: deps + "/openvino.pc"),
        .systemLibrary(name: "COpenCV", pkgConfig: deps + "/opencv.pc"),
        .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .target(name: "CVision", dependencies: ["CKernels", "COpenCV"], cxxSettings: [.unsafeFlags(["-std=c++17"])]),
        .target(name: "CKernels"),
        .target(name: "CPNGShim", dependencies: ["CPNG"]),
        // 1: pictures, models, records, the client
        .target(name: "Imaging", dependencies: ["CKernels", "CPNGShim", "CTurboJPEG"]),
        .target(name: "Inference", dependencies: ["CKernels", "COpenVINO", "Imaging", crypto]),
        .target(name: "Telemetry"),
        .target(name: "Results", dependencies: ["Telemetry", grdb, sqlite, crypto]),
        .target(name: "WindhoverClient"),
        // 2: the method, a world to try it on, and how good it is
        .target(name: "SSP", dependencies: ["CKernels", "CVision", "Imaging", "Inference"]),
        .target(name: "Simulation", dependencies: ["Imaging"]),
        .target(name: "Evaluation", dependencies: ["CVision", "Imaging"]),
        .target(name: "Conditions", dependencies: ["Results"]),
        .target(name: "Webhooks", dependencies: ["Results", httpClient, nio, nioHTTP1, crypto]),
        // 3: state
        .target(
            name: "Sessions",
            dependencies: ["Conditions", "Imaging", "Inference", "SSP", "Results", "Telemetry", crypto]),
        .target(name: "Benchmark", dependencies: ["CKernels", "CVision", "Imaging", "Inference", "SSP", "Simulation"]),
        .target(name: "Videos", dependencies: ["Imaging", "Inference", "Results", "Sessions", logging, subprocess]),
        // 4: HTTP
        .target(
            name: "API",
            dependencies: [
                "CZlib", "Conditions", "Sessions", "Results", "Telemetry", "Imaging", "Videos", "Webhooks",
                hummingbird, hummingbirdCore, httpTypes, nio, nioSSL, nioHTTPTypes, lifecycle, signals, logging, crypto,
            ],
            resources: [.embedInCode("openapi.yaml")]),
        // 5: the command line
        .executableTarget(
            name: "windhover",
            dependencies: [
                "API", "Benchmark", "CKernels", "Evaluation", "Imaging", "Simulation", "Telemetry", "Videos",
                "Webhooks",
                "WindhoverClient",
                arguments, logging, yaml,
            ],
            linkerSettings: openVINOPath),

        .testTarget(name: "ImagingTests", dependencies: ["Imaging"], resources: [.copy("Fixtures")]),
        .testTarget(name: "InferenceTests", dependencies: ["Imaging", "Inference"], linkerSettings: openVINOPath),
        .testTarget(name: "TelemetryTests", dependencies: ["Imaging", "Simulation", "Telemetry"]),
        .testTarget(name: "ResultsTests", dependencies: ["Results", "Telemetry", grdb]),
        .testTarget(name: "WindhoverClientTests", dependencies: ["WindhoverClient"]),
        .testTarget(
            name: "SSPTests", dependencies: ["Benchmark", "SSP", "Simulation"], resources: [.copy("Golden")],
            linkerSettings: openVINOPath),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"]),
        .testTarget(
            name: "EvaluationTests", dependencies: ["Evaluation", "Imaging", "Simulation"],
            resources: [.copy("Golden")]),
        .testTarget(
            name: "BenchmarkTests", dependencies: ["Benchmark", "Simulation"], linkerSettings: openVINOPath),
        .testTarget(name: "ConditionsTests", dependencies: ["Conditions"]),
        .testTarget(name: "WebhooksTests", dependencies: ["Webhooks", crypto]),
        .testTarget(name: "SessionsTests", dependencies: ["Sessions"], linkerSettings: openVINOPath),
        .testTarget(name: "VideosTests", dependencies: ["Videos"], linkerSettings: openVINOPath),
        .testTarget(
            name: "APITests", dependencies: ["API", "Videos", "Webhooks", yaml, nio, crypto, subprocess],
            linkerSettings: openVINOPath),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Imaging", "WindhoverClient", "windhover"],
            linkerSettings: openVINOPath),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = settings
}
