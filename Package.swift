// swift-tools-version:6.2
// The floors of Martlet: a target imports only what its line here names (docs/architecture.md).
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Settings of every Swift target: the strictest the compiler has.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
]

/// A Swift target with the common settings.
func floor(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The unit tests of one target.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name)] + dependencies,
        exclude: [], swiftSettings: strict)
}

let containers = Target.Dependency.product(name: "BasicContainers", package: "swift-collections")

/// Floors 1 to 5: no socket, clock, thread or Foundation.
let sansIO: [Target] = [
    floor("Wire"), tests("Wire"),
    .target(
        name: "CMediaCrypto",
        linkerSettings: [.linkedLibrary("crypto"), .linkedLibrary("dl")]),
    floor("MediaCrypto", ["CMediaCrypto", "Wire"]), tests("MediaCrypto", ["Wire"]),

    floor("STUN", ["Wire", "MediaCrypto"]), tests("STUN", ["Wire", "MediaCrypto"]),
    floor("RTP", ["Wire"]), tests("RTP", ["Wire"]),
    floor("SDP", ["Wire"]), tests("SDP", ["Wire"]),
    floor("Signaling", ["Wire", "MediaCrypto"]), tests("Signaling", ["Wire", "MediaCrypto"]),

    floor("ICE", ["Wire", "STUN", "MediaCrypto"]), tests("ICE", ["Wire", "STUN", "MediaCrypto"]),
    .target(
        name: "CDTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    floor("DTLS", ["CDTLS", "Wire", "MediaCrypto"]), tests("DTLS", ["Wire", "MediaCrypto"]),
    floor("SRTP", ["Wire", "MediaCrypto"]), tests("SRTP", ["Wire", "MediaCrypto"]),
    floor("Payloads", ["Wire", "RTP"]), tests("Payloads", ["Wire", "RTP"]),
    floor("Congestion", ["Wire", "RTP"]),
    tests("Congestion", ["Wire", "RTP", "NetworkImpairment"]),
    floor("Rooms", ["Wire", "Signaling"]), tests("Rooms", ["Wire", "Signaling"]),

    floor("Negotiation", ["Wire", "RTP", "SDP", "MediaCrypto"]),
    tests("Negotiation", ["Wire", "RTP", "SDP", "MediaCrypto"]),
    floor("PeerTransport", ["Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP"]),
    tests("PeerTransport", ["Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP"]),
    floor("Forwarding", ["Wire", "RTP", "Payloads", containers]),
    tests("Forwarding", ["Wire", "RTP", "Payloads"]),

    floor(
        "MediaWorker",
        [
            "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Congestion",
            "Negotiation", "PeerTransport", "Forwarding", containers,
        ]),
    tests(
        "MediaWorker",
        [
            "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Congestion",
            "Negotiation", "PeerTransport", "Forwarding", "NetworkImpairment",
            "NetworkSimulation", "CAllocationCounter",
        ]),
    floor(
        "RoomService",
        ["Wire", "Signaling", "Rooms", "SDP", "Negotiation", "Forwarding", "MediaWorker"]),
    tests(
        "RoomService",
        [
            "Wire", "MediaCrypto", "Signaling", "Rooms", "SDP", "Negotiation", "Forwarding",
            "MediaWorker",
        ]),
    floor(
        "ClientTransport", ["Wire", "ICE", "DTLS", "Negotiation", "PeerTransport"]),
    tests("ClientTransport", ["Wire"]),
    floor(
        "ClientMedia",
        [
            "Wire", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Congestion", "Negotiation",
            "PeerTransport", "ClientTransport",
        ]),
    tests(
        "ClientMedia",
        [
            "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "RTP", "Payloads", "Negotiation",
            "PeerTransport", "MediaWorker", "NetworkImpairment", "NetworkSimulation",
        ]),
    floor("ClientSession", ["Wire", "Signaling"]),
    tests("ClientSession", ["Wire", "Signaling"]),
    .testTarget(name: "ArchitectureTests", swiftSettings: strict),
]

/// Floors 6 and 7: sockets, codecs, HTTP and the executables.
let drivers: [Target] = [
    // Codecs are for clients: no target of the server may depend on them (ArchitectureTests), and with
    // `--product martlet` neither is built nor are its headers looked for.
    .target(
        name: "CMediaCodecs",
        linkerSettings: ["opus", "vpx", "avcodec", "avutil", "swscale", "swresample"].map {
            .linkedLibrary($0)
        }),
    floor("MediaCodecs", ["CMediaCodecs"]), tests("MediaCodecs", ["CAllocationCounter"]),
    .target(
        name: "CMediaFiles",
        linkerSettings: ["avformat", "avcodec", "avutil", "swscale", "swresample"].map {
            .linkedLibrary($0)
        }),
    floor("MediaFiles", ["CMediaFiles", "MediaCodecs"]),
    tests("MediaFiles", ["MediaCodecs", "Payloads"]),
    .target(name: "CMediaIO"),
    floor("MediaIO", ["CMediaIO", "Wire", "MediaCrypto", "Negotiation", "MediaWorker"]),
    tests(
        "MediaIO",
        [
            "Wire", "MediaCrypto", "RTP", "Negotiation", "Forwarding", "MediaWorker", "CMediaIO",
            "CAllocationCounter",
        ]),
    floor(
        "LoadGenerator",
        [
            "Wire", "MediaCrypto", "Signaling", "ICE", "DTLS", "SRTP", "RTP", "Negotiation",
            "PeerTransport", "Forwarding", "ClientTransport", "MediaWorker", "MediaIO",
        ]),
    tests(
        "LoadGenerator",
        [
            "Wire", "MediaCrypto", "Signaling", "DTLS", "RTP", "Negotiation", "MediaWorker",
            "MediaIO",
        ]),
]

/// Test support: never linked into what is shipped.
let testSupport: [Target] = [
    floor(
        "NetworkSimulation",
        [
            "Wire", "MediaCrypto", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Negotiation",
            "PeerTransport", "ClientTransport", "ClientMedia", "MediaWorker", "NetworkImpairment",
            "Signaling", "Rooms", "RoomService", "ClientSession",
        ]),
    tests("NetworkSimulation", ["Wire", "Signaling", "Rooms"]),
    .executableTarget(
        name: "SystemSimulator", dependencies: ["NetworkSimulation"],
        swiftSettings: strict),
    .executableTarget(
        name: "InstructionBenchmark",
        dependencies: [
            "NetworkSimulation", "RoomService", "Rooms", "Signaling", "Negotiation", "MediaWorker",
            "RTP", "Wire", "CAllocationCounter",
        ],
        swiftSettings: strict),
    .target(name: "CAllocationCounter", linkerSettings: [.linkedLibrary("dl")]),
    floor("NetworkImpairment", ["Wire"]), tests("NetworkImpairment", ["Wire"]),
    .executableTarget(
        name: "ImpairmentProxy",
        dependencies: ["Wire", "MediaWorker", "MediaIO", "NetworkImpairment"],
        swiftSettings: strict),
    tests("ImpairmentProxy", ["Wire", "MediaWorker", "MediaIO", "NetworkImpairment"]),
    .executableTarget(
        name: "ForwardingBenchmark",
        dependencies: [
            "Wire", "MediaCrypto", "DTLS", "SRTP", "RTP", "Negotiation", "MediaWorker", "MediaIO",
            "LoadGenerator", "CAllocationCounter",
        ],
        swiftSettings: strict),
]

/// The server's HTTP and WebSocket face, and the `martlet` executable over everything.
///
/// No product named here reaches NIOSSL, swift-crypto or another copy of BoringSSL: that is several hundred C
/// files more in every fresh build (docs/architecture.md).
let network: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOWebSocket", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]
let servers: [Target] = [
    // The native SDK's socket; its C target is TLS over OpenSSL, which is linked anyway.
    .target(
        name: "CClientTLS", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    .target(
        name: "ClientIO",
        dependencies: network + ["CClientTLS", "Wire", "Signaling", "ClientSession"],
        swiftSettings: strict),
    tests(
        "ClientIO",
        network + [
            "Wire", "Signaling", "ClientSession", "SignalServer", "SignalServerTesting",
            "MediaWorker", "Negotiation", "Rooms",
            .product(name: "Logging", package: "swift-log"),
        ]),
    // The process of an isolated room: spawning it, and memory that it shares.
    .target(name: "CEngineProcess"),
    .target(
        name: "Martlet",
        dependencies: [
            "CEngineProcess", "Wire", "MediaCrypto", "ICE", "DTLS", "RTP", "Payloads",
            "PeerTransport", "ClientTransport", "Signaling", "Negotiation", "ClientSession",
            "ClientMedia", "ClientIO", "MediaCodecs",
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "Logging", package: "swift-log"),
        ],
        swiftSettings: strict),
    tests(
        "Martlet",
        network + [
            "CEngineProcess", "Wire", "MediaCrypto", "DTLS", "RTP", "Payloads", "Signaling",
            "Negotiation", "ClientIO", "ClientSession", "MediaWorker", "MediaIO", "SignalServer",
            "SignalServerTesting", "MediaCodecs", "NetworkImpairment", "ImpairmentProxy",
            .product(name: "Logging", package: "swift-log"),
        ]),
    .target(
        name: "SignalServer",
        dependencies: network + [
            "Wire", "MediaCrypto", "Signaling", "Rooms", "Negotiation", "SDP", "RTP",
            "MediaWorker", "RoomService",
            .product(name: "Hummingbird", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            .product(name: "Logging", package: "swift-log"),
        ],
        // In the code, so that the executable stays one file.
        resources: [.embedInCode("Admin/openapi.json")], swiftSettings: strict),
    // Test support: never linked into what is shipped.
    .target(
        name: "SignalServerTesting",
        dependencies: [
            "SignalServer", "MediaWorker", "Negotiation", "Signaling", "Wire",
            .product(name: "Logging", package: "swift-log"),
        ],
        swiftSettings: strict),
    tests(
        "SignalServer",
        network + [
            "Wire", "MediaCrypto", "Signaling", "Rooms", "Negotiation", "RTP", "MediaWorker",
            "RoomService", "SignalServerTesting",
            .product(name: "HTTPTypes", package: "swift-http-types"),
            .product(name: "Logging", package: "swift-log"),
        ]),
    .executableTarget(
        name: "MartletMediaCLI",
        dependencies: [
            "Martlet", "MediaCodecs", "MediaFiles", "Signaling",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        ],
        swiftSettings: strict),
    .executableTarget(
        name: "SignalingBenchmark",
        dependencies: network + [
            "SignalServer", "SignalServerTesting", "MediaWorker", "Negotiation", "Rooms",
            "Signaling", "Wire",
            .product(name: "Logging", package: "swift-log"),
        ],
        swiftSettings: strict),
    .executableTarget(
        name: "MartletCLI",
        dependencies: [
            "SignalServer", "ClientIO", "MediaIO", "MediaWorker", "Negotiation", "Signaling",
            "Rooms", "DTLS", "SRTP", "RTP", "MediaCrypto", "Wire", "LoadGenerator",
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
            .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            .product(name: "Logging", package: "swift-log"),
        ],
        swiftSettings: strict),
]

/// An example: an application over what users of the SDK have, its public modules.
func example(_ folder: String) -> Target {
    .executableTarget(
        name: "Example" + folder, dependencies: ["Martlet", "MediaCodecs", "ExampleSupport"],
        path: "Examples/" + folder, swiftSettings: strict)
}
let examples: [Target] =
    [
        .target(
            name: "ExampleSupport", dependencies: ["Martlet"], path: "Examples/Support",
            swiftSettings: strict)
    ] + ["EchoBot", "Recorder", "FileBroadcaster", "Transcriber", "DemoFlow"].map(example)

/// `MARTLET_SANS_IO_ONLY=1 swift build` leaves out the HTTP server, the executable and their packages: work on
/// floors 1 to 5 and on the sockets then builds in seconds instead of minutes.
let isSansIOOnly = Context.environment["MARTLET_SANS_IO_ONLY"] != nil

let serverPackages: [Package.Dependency] = [
    .package(
        url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
]

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet-impair", targets: ["ImpairmentProxy"]),
        .executable(name: "martlet-benchmark", targets: ["ForwardingBenchmark"]),
        .executable(name: "martlet-instructions", targets: ["InstructionBenchmark"]),
        .executable(name: "martlet-simulate", targets: ["SystemSimulator"]),
    ]
        + (isSansIOOnly
            ? []
            : [
                .executable(name: "martlet", targets: ["MartletCLI"]),
                .executable(name: "martlet-media", targets: ["MartletMediaCLI"]),
                .library(name: "Martlet", targets: ["Martlet", "MediaCodecs"]),
                .executable(name: "martlet-signal-benchmark", targets: ["SignalingBenchmark"]),
            ]),
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")]
        + (isSansIOOnly ? [] : serverPackages),
    targets: sansIO + drivers + testSupport + (isSansIOOnly ? [] : servers + examples)
)
