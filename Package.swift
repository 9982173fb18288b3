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
            "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP", "Payloads",
            "Negotiation", "PeerTransport", "Forwarding", containers,
        ]),
    tests(
        "MediaWorker",
        [
            "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP", "Payloads",
            "Negotiation", "PeerTransport", "Forwarding", "NetworkImpairment",
            "NetworkSimulation", "CAllocationCounter",
        ]),
    floor(
        "ClientTransport", ["Wire", "ICE", "DTLS", "Negotiation", "PeerTransport"]),
    .testTarget(name: "ArchitectureTests", swiftSettings: strict),
]

/// Floors 6 and 7: sockets, HTTP and the executables.
let drivers: [Target] = [
    .target(name: "CMediaIO"),
    floor("MediaIO", ["CMediaIO", "Wire", "MediaCrypto", "Negotiation", "MediaWorker"]),
    tests(
        "MediaIO",
        ["Wire", "MediaCrypto", "Negotiation", "MediaWorker", "CMediaIO", "CAllocationCounter"]),
]

/// Test support: never linked into what is shipped.
let testSupport: [Target] = [
    floor(
        "NetworkSimulation",
        [
            "Wire", "MediaCrypto", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Negotiation",
            "PeerTransport", "ClientTransport", "MediaWorker", "NetworkImpairment",
        ]),
    .target(name: "CAllocationCounter", linkerSettings: [.linkedLibrary("dl")]),
    floor("NetworkImpairment", ["Wire"]), tests("NetworkImpairment", ["Wire"]),
    .executableTarget(
        name: "ImpairmentProxy",
        dependencies: ["Wire", "MediaWorker", "MediaIO", "NetworkImpairment"],
        swiftSettings: strict),
    tests("ImpairmentProxy", ["Wire", "MediaWorker", "MediaIO", "NetworkImpairment"]),
]

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet-impair", targets: ["ImpairmentProxy"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0")
    ],
    targets: sansIO + drivers + testSupport
)
