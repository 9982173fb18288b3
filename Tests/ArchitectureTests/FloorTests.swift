// That imports run downward only, and that the sans-IO floors know no socket, clock or Foundation.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What each target may import beside the standard library: the floors of docs/architecture.md.
private let allowedImports: [String: Set<String>] = [
    // Floor 1
    "Wire": [],
    "MediaCrypto": ["CMediaCrypto", "Wire"],
    // Floor 2
    "STUN": ["Wire", "MediaCrypto"],
    "RTP": ["Wire"],
    "SDP": ["Wire"],
    "Signaling": ["Wire", "MediaCrypto", "FoundationEssentials"],
    // Floor 3
    "ICE": ["Wire", "STUN", "MediaCrypto"],
    "DTLS": ["CDTLS", "Wire", "MediaCrypto"],
    "SRTP": ["Wire", "MediaCrypto"],
    "Payloads": ["Wire", "RTP"],
    "Congestion": ["Wire", "RTP"],
    "Rooms": ["Wire", "Signaling"],
    // Floor 4
    "Negotiation": ["Wire", "RTP", "SDP", "MediaCrypto"],
    "PeerTransport": ["Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP"],
    "Forwarding": ["Wire", "RTP", "Payloads", "BasicContainers"],
    // Floor 5
    "MediaWorker": [
        "Wire", "MediaCrypto", "STUN", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Congestion",
        "Negotiation", "PeerTransport", "Forwarding", "BasicContainers",
    ],
    "RoomService": [
        "Wire", "Signaling", "Rooms", "SDP", "Negotiation", "Forwarding", "MediaWorker",
    ],
    "ClientTransport": ["Wire", "ICE", "DTLS", "Negotiation", "PeerTransport"],
    "ClientMedia": [
        "Wire", "ICE", "DTLS", "SRTP", "RTP", "Payloads", "Congestion", "Negotiation",
        "PeerTransport", "ClientTransport",
    ],
    "ClientSession": ["Wire", "Signaling"],
    // Floor 6
    "MediaIO": [
        "CMediaIO", "Wire", "MediaCrypto", "Negotiation", "MediaWorker", "Glibc", "Synchronization",
    ],
    "MediaCodecs": ["CMediaCodecs"],
    "ClientIO": [
        "CClientTLS", "Wire", "Signaling", "ClientSession", "NIOCore", "NIOPosix", "NIOHTTP1",
        "NIOWebSocket", "Synchronization", "Glibc",
    ],
    "MediaFiles": ["CMediaFiles", "MediaCodecs"],
    "LoadGenerator": [
        "Wire", "MediaCrypto", "Signaling", "RTP", "SRTP", "DTLS", "ICE", "Negotiation",
        "PeerTransport", "Forwarding", "ClientTransport", "MediaWorker", "MediaIO",
        "FoundationEssentials", "Glibc",
    ],
    "SignalServer": [
        "Wire", "MediaCrypto", "RTP", "SDP", "Signaling", "Rooms", "Negotiation", "MediaWorker",
        "RoomService", "Hummingbird", "HummingbirdCore", "HTTPTypes", "Logging", "NIOCore",
        "NIOPosix", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOWebSocket",
        "Synchronization", "FoundationEssentials", "Glibc",
    ],
    // Floor 7
    "MartletCLI": [
        "Wire", "MediaCrypto", "RTP", "DTLS", "SRTP", "Signaling", "Rooms", "Negotiation",
        "MediaWorker", "MediaIO", "LoadGenerator", "ClientIO", "SignalServer", "ArgumentParser",
        "Logging", "Glibc",
        "NIOCore", "NIOPosix", "NIOHTTP1", "UnixSignals", "FoundationEssentials", "Synchronization",
    ],
    "Martlet": [
        "CEngineProcess", "Wire", "MediaCrypto", "ICE", "DTLS", "RTP", "Payloads", "PeerTransport",
        "ClientTransport", "Negotiation", "Signaling", "ClientMedia", "ClientSession", "ClientIO",
        "MediaCodecs",
        "NIOCore",
        "NIOPosix", "Logging",
        "FoundationEssentials", "Synchronization", "Glibc",
    ],
    "MartletMediaCLI": [
        "Martlet", "MediaCodecs", "MediaFiles", "Signaling", "ArgumentParser", "UnixSignals",
        "Foundation",
        "Glibc",
    ],
    // Tools for tests and measurements, never part of what is shipped
    "NetworkImpairment": ["Wire"],
    "NetworkSimulation": [
        "Wire", "MediaCrypto", "RTP", "SRTP", "DTLS", "Payloads", "Negotiation", "PeerTransport",
        "MediaWorker", "ClientTransport", "ClientMedia", "NetworkImpairment", "Signaling", "Rooms",
        "RoomService", "ClientSession",
    ],
    "SystemSimulator": ["NetworkSimulation", "Glibc"],
    "ImpairmentProxy": ["Wire", "MediaWorker", "MediaIO", "NetworkImpairment", "Glibc"],
    "SignalServerTesting": [
        "Wire", "Signaling", "Negotiation", "MediaWorker", "SignalServer", "Logging",
    ],
    "SignalingBenchmark": [
        "Wire", "Signaling", "Rooms", "Negotiation", "MediaWorker", "SignalServer",
        "SignalServerTesting", "Logging",
        "NIOCore",
        "NIOPosix", "Glibc", "Synchronization",
    ],
    "InstructionBenchmark": [
        "Wire", "RTP", "Negotiation", "Signaling", "Rooms", "RoomService", "MediaWorker",
        "NetworkSimulation", "CAllocationCounter", "Glibc",
    ],
    "ForwardingBenchmark": [
        "Wire", "MediaCrypto", "RTP", "SRTP", "DTLS", "Negotiation", "MediaWorker", "MediaIO",
        "ClientTransport", "LoadGenerator", "CAllocationCounter", "Glibc", "Synchronization",
        "ArgumentParser", "FoundationEssentials",
    ],
]

/// The only target that may name each C target.
private let ownersOfC: [String: String] = [
    "CMediaCrypto": "MediaCrypto", "CDTLS": "DTLS", "CMediaIO": "MediaIO",
    "CMediaCodecs": "MediaCodecs", "CMediaFiles": "MediaFiles", "CClientTLS": "ClientIO",
    "CEngineProcess": "Martlet",
]

private let sansIOTargets: Set<String> = [
    "Wire", "MediaCrypto", "STUN", "RTP", "SDP", "Signaling", "ICE", "DTLS", "SRTP", "Payloads",
    "Congestion", "Rooms",
    "Negotiation", "PeerTransport", "Forwarding", "MediaWorker", "RoomService", "ClientTransport",
    "ClientMedia", "ClientSession",
]

@Suite struct FloorTests {
    @Test func everyTargetHasAFloor() throws {
        for file in try SourceTree.files(below: "Sources") {
            #expect(allowedImports[file.target] != nil, "\(file.target) has no line in the table")
        }
    }

    @Test func importsRunDownwardOnly() throws {
        let files = try SourceTree.files(below: "Sources")
        #expect(files.count > 100, "the tree was not found")
        for file in files {
            let allowed = allowedImports[file.target] ?? []
            for module in file.imports {
                #expect(allowed.contains(module), "\(file.path) must not import \(module)")
            }
        }
    }

    @Test func aCLibraryHasOneOwner() throws {
        for file in try SourceTree.files(below: "Sources") {
            for module in file.imports {
                if let owner = ownersOfC[module] {
                    #expect(file.target == owner, "\(file.path) must not name \(module)")
                }
            }
        }
    }

    /// FFmpeg and libopus stay out of the server, at run time and at build time (docs/architecture.md).
    @Test func onlyTheNativeSDKHasCodecs() throws {
        // Above the codecs: files, the SDK and its tool.
        let floors: Set<String> = ["MediaCodecs", "MediaFiles", "Martlet"]
        let allowed: Set<String> = ["MediaFiles", "Martlet", "MartletMediaCLI"]
        for (target, imports) in allowedImports where !allowed.contains(target) {
            let found = imports.intersection(floors)
            #expect(found.isEmpty, "\(target) must not import \(found)")
        }
        // Nor by a dependency that no import shows: the package names the floors where they are declared, in the tests of each,
        // in the examples, and codecs below files.
        let package = try String(
            contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        for (name, count) in [
            ("MediaCodecs", 9), ("CMediaCodecs", 2), ("MediaFiles", 3), ("CMediaFiles", 2),
            ("Martlet", 7),
        ] {
            #expect(package.components(separatedBy: "\"\(name)\"").count - 1 == count, "\(name)")
        }
    }

    /// No binary comes with it: sources, and libraries of the distribution.
    @Test func G10_theNativeSDKIsALibraryOfThePackage() throws {
        let package = try String(
            contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
        #expect(
            package.contains(".library(name: \"Martlet\", targets: [\"Martlet\", \"MediaCodecs\"])")
        )
        #expect(!package.contains("binaryTarget"))
    }

    /// Examples show what an application can do: they have nothing that it has not.
    @Test func examplesUseWhatApplicationsHave() throws {
        let files = try SourceTree.files(below: "Examples")
        #expect(files.count >= 10, "the examples were not found")
        let allowed: Set<String> = [
            "Martlet", "MediaCodecs", "ExampleSupport", "Foundation", "Dispatch",
        ]
        for file in files {
            for module in file.imports {
                #expect(allowed.contains(module), "\(file.path) must not import \(module)")
            }
            #expect(!file.text.contains("package "), "\(file.path) names what is not public")
            let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(count <= 150, "\(file.path) has \(count) lines: an example is read at once")
        }
    }

    @Test func sansIOFloorsAskNobodyForTheTime() throws {
        let forbidden = [
            "Date()", "ContinuousClock", "SuspendingClock", "Task {", "Task.sleep", "DispatchQueue",
            "SystemRandomNumberGenerator", "pthread_", "Thread.",
        ]
        for file in try SourceTree.files(below: "Sources") where sansIOTargets.contains(file.target)
        {
            for word in forbidden {
                #expect(!file.text.contains(word), "\(file.path) names \(word)")
            }
        }
    }

    @Test func theReaderOfImportsSeesThroughAttributes() {
        let file = SourceFile(
            target: "x", path: "x",
            text:
                "package import Wire\n@testable import RTP\nimport struct NIOCore.ByteBuffer\n// import No"
        )
        #expect(file.imports == ["Wire", "RTP", "NIOCore"])
    }
}
