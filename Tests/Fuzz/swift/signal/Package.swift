// swift-tools-version: 6.1
// Builds the libFuzzer target of the signal messages: a package of its own because it needs swift-protobuf and the
// sanitizers in every module. The sources are the repository's, by the link `Sources` that the Makefile makes; of each
// module only what a meeting needs to run without sockets.

import PackageDescription

let features: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let fuzzed: [SwiftSetting] = features + [.unsafeFlags(["-sanitize=fuzzer,address"])]

let package = Package(
    name: "fuzz-signal",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    ],
    targets: [
        .target(
            name: "MediaRelay", path: "Sources/MediaRelay",
            sources: [
                "IdentifierPool.swift", "Limits.swift", "MediaPlane.swift", "Transport/SDP",
                "Transport/SocketAddress.swift", "Worker/Command.swift", "Worker/Event.swift",
                "Worker/Identifiers.swift", "Worker/MediaTime.swift",
            ],
            swiftSettings: fuzzed),
        .target(
            name: "LiveKitProtocol",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            path: "Sources/LiveKitProtocol/Generated"),
        .target(name: "CZlib", path: "Sources/CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(
            name: "Signaling",
            dependencies: [
                "CZlib", "LiveKitProtocol", "MediaRelay", .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "Sources/Signaling",
            // The shells around a meeting and what checks signatures and passwords; everything else of both is fuzzed.
            exclude: [
                "Access/AccessKeys.swift", "Access/PasswordHash.swift", "Access/Revocations.swift",
                "Access/TokenRefresh.swift", "Meeting/Meeting.swift", "Meeting/MeetingDirectory.swift",
            ],
            sources: [
                "Limits.swift", "Access", "Meeting", "People/AttemptLimiter.swift",
                "Session/CloseCode.swift", "Session/JoinQuery.swift", "Session/JoinRequestParameter.swift",
                "Session/OutputValidator.swift", "Session/SignalCoding.swift", "Session/SignalGateway.swift",
            ],
            swiftSettings: fuzzed + [.unsafeFlags(["-enable-testing"])]),
        .executableTarget(
            name: "fuzz_signal", dependencies: ["LiveKitProtocol", "MediaRelay", "Signaling"], path: "Target",
            swiftSettings: fuzzed + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
    ],
    swiftLanguageModes: [.v6]
)
