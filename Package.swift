// swift-tools-version: 6.1
// Targets and their one-way dependencies. docs/architecture.md draws them; docs/dependencies.md says why each package is here.

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// The packet core is compiled for speed in release builds; debug keeps its assertions.
let packetCoreSettings: [CSetting] = [
    .unsafeFlags(["-O3"], .when(configuration: .release))
]

/// Intel's ipsec-mb exists for x86-64 only; elsewhere OpenSSL does its work (CRelay/core/aead.h).
#if arch(x86_64)
    let packetCoreLibraries = ["srtp2", "crypto", "IPSec_MB"]
#else
    let packetCoreLibraries = ["srtp2", "crypto"]
#endif

let package = Package(
    name: "hutong",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "hutong", targets: ["hutong"]),
        .executable(name: "hutong-load", targets: ["hutong-load"]),
    ],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .target(
            name: "CRelay",
            cSettings: packetCoreSettings,
            linkerSettings: packetCoreLibraries.map { .linkedLibrary($0) }
        ),
        .target(
            name: "CCrypto",
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]
        ),
        .target(
            name: "CZlib",
            linkerSettings: [.linkedLibrary("z")]
        ),
        .target(
            name: "Spreadsheet",
            dependencies: ["CZlib"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Mail",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CCodecs",
            linkerSettings: [.linkedLibrary("opus"), .linkedLibrary("vpx")]
        ),
        .target(
            name: "Codecs",
            dependencies: ["CCodecs"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "MediaRelay",
            dependencies: ["CRelay", "CCrypto"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Directory",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "LiveKitProtocol",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["Protos"]
        ),
        .target(
            name: "Scheduling",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Booking",
            dependencies: [
                "Directory", "Scheduling",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "WeChat",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "WebClient",
            exclude: ["README.md"],
            resources: [.copy("page")],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Signaling",
            dependencies: [
                "CZlib", "Directory", "LiveKitProtocol", "MediaRelay", "Spreadsheet",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "hutong",
            dependencies: [
                "CCrypto", "MediaRelay", "Signaling", "WebClient",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "CLoad",
            dependencies: ["CRelay"],
            path: "loadtest/CLoad",
            // The load test encrypts with the packet core's own SRTP, which is not part of crelay.h.
            cSettings: packetCoreSettings + [.headerSearchPath("../../Sources/CRelay")]
        ),
        .executableTarget(
            name: "hutong-load",
            dependencies: [
                "CLoad", "CRelay", "Codecs", "LiveKitProtocol", "MediaRelay",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "loadtest/HutongLoad",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ScenarioSupport",
            dependencies: ["CRelay", "MediaRelay"],
            path: "Tests/Support/ScenarioSupport",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "mail-probe",
            dependencies: ["Mail"],
            path: "Tests/Support/MailProbe",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "wechat-probe",
            dependencies: [
                "WeChat",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/Support/WeChatProbe",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "schedule-oracle",
            dependencies: ["Scheduling"],
            path: "Tests/Support/ScheduleOracle",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SchedulingTests",
            dependencies: ["Scheduling"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "BookingTests",
            dependencies: ["Booking", "Directory", "Scheduling"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "CodecsTests",
            dependencies: ["Codecs", "ScenarioSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "DirectoryTests",
            dependencies: ["Directory"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "MediaRelayTests",
            dependencies: ["CCrypto", "CRelay", "MediaRelay", "ScenarioSupport"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SignalingTests",
            dependencies: [
                "Directory", "LiveKitProtocol", "MediaRelay", "ScenarioSupport", "Signaling", "Spreadsheet",
                "WebClient",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SpreadsheetTests",
            dependencies: ["CZlib", "Spreadsheet"],
            exclude: ["Fixtures"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "WeChatTests",
            dependencies: [
                "WeChat",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            exclude: ["Samples"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "MailTests",
            dependencies: [
                "Mail",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "LiveKitProtocol", "MediaRelay", "ScenarioSupport", "Signaling",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "HutongTests",
            dependencies: [
                "hutong", "Signaling", "WebClient",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "LoadTests",
            dependencies: ["CLoad", "Codecs", "hutong-load"],
            swiftSettings: swiftSettings
        ),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17
)
