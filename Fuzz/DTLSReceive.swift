// Feeds DTLS endpoints: foreign datagrams, and live handshakes that are lost, changed and mixed.
// SPDX-License-Identifier: Apache-2.0
import DTLS
import MediaCrypto
import Wire

/// What every run shares.
private struct Fixture {
    let context: DTLSContext
    let fingerprint: DTLSFingerprint

    init?() {
        guard let identity = try? CertificateIdentity.generateP256(commonName: "fuzz"),
            let context = try? DTLSContext(identity: identity, srtpProfiles: [7, 8, 1])
        else { return nil }
        self.context = context
        fingerprint = DTLSFingerprint(
            algorithm: "sha-256",
            bytes: Digest.digest(identity.certificateDER.span, by: .sha256))
    }
}

private let fixture = Fixture()

/// Every byte is a command with its operands behind it, until there are no more.
@c public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    guard let fixture, var run = try? Run(fixture, input) else { return 0 }
    while run.step() {}
    return 0
}

private struct Run: ~Copyable {
    private var client: DTLSEndpoint
    private var server: DTLSEndpoint
    private var toServer: [[UInt8]]
    private var toClient: [[UInt8]]
    private var input: ArraySlice<UInt8>
    private var now: MediaInstant
    private var stepsLeft: Int

    init(_ fixture: Fixture, _ input: [UInt8]) throws(DTLSError) {
        let client = try DTLSEndpoint(
            role: .client, context: fixture.context, acceptedFingerprints: [fixture.fingerprint],
            at: .zero)
        let server = try DTLSEndpoint(
            role: .server, context: fixture.context, acceptedFingerprints: [fixture.fingerprint],
            at: .zero)
        self.client = client
        self.server = server
        self.input = input[...]
        toServer = []
        toClient = []
        now = .zero
        stepsLeft = 100
    }

    /// Does one command; false at the end.
    mutating func step() -> Bool {
        guard stepsLeft > 0, let command = input.popFirst() else { return false }
        stepsLeft -= 1
        collect()
        let isToServer = command & 0x80 != 0
        switch command & 0x0F {
        case 0...3:
            if let datagram = next(isToServer) { deliver(datagram, isToServer) }
        case 4:
            _ = next(isToServer)
        case 5:
            if let datagram = next(isToServer) {
                deliver(datagram, isToServer)
                deliver(datagram, isToServer)
            }
        case 6, 7:
            guard var datagram = next(isToServer) else { break }
            let genuine = datagram
            for _ in 0..<Int(command >> 4 & 3) + 1 {
                let position = Int(number()) << 8 | Int(number())
                datagram[position % datagram.count] ^= number() | 1
            }
            deliver(datagram, isToServer)
            if command & 1 == 0 { deliver(genuine, isToServer) }
        case 8:
            guard let datagram = next(isToServer) else { break }
            let count = (Int(number()) << 8 | Int(number())) % datagram.count
            deliver(Array(datagram.prefix(count)), isToServer)
        case 9:
            deliver(Array(input.prefix(Int(number()))), isToServer)
        case 10:
            // A record of a chosen kind and epoch around chosen bytes.
            let (kind, epoch, count) = (number(), number() & 1, number())
            let body = Array(input.prefix(Int(count)))
            input = input.dropFirst(body.count)
            let header: [UInt8] = [
                20 + kind % 4, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, kind, 0,
                UInt8(truncatingIfNeeded: body.count),
            ]
            deliver(header + body, isToServer)
        case 11:
            let bytes = Array(input.prefix(Int(number())))
            _ = isToServer ? client.send(bytes.span) : server.send(bytes.span)
        case 12:
            if isToServer { client.close() } else { server.close() }
        default:
            now = now + .milliseconds(Int64(number()) * 4)
            client.advance(to: now)
            server.advance(to: now)
        }
        return true
    }

    private mutating func number() -> UInt8 { input.popFirst() ?? 0 }

    private mutating func next(_ isToServer: Bool) -> [UInt8]? {
        if isToServer { return toServer.isEmpty ? nil : toServer.removeFirst() }
        return toClient.isEmpty ? nil : toClient.removeFirst()
    }

    private mutating func deliver(_ datagram: [UInt8], _ isToServer: Bool) {
        if isToServer {
            server.receive(datagram.span, at: now)
        } else {
            client.receive(datagram.span, at: now)
        }
    }

    private mutating func collect() {
        while let datagram = Self.poll(&client) { toServer.append(datagram) }
        while let datagram = Self.poll(&server) { toClient.append(datagram) }
        while client.pollEvent() != nil {}
        while server.pollEvent() != nil {}
    }

    private static func poll(_ endpoint: inout DTLSEndpoint) -> [UInt8]? {
        var isSent = false
        let datagram = [UInt8](capacity: DTLSLimits.pathBytesMax) { output in
            isSent = endpoint.pollTransmit(into: &output)
        }
        return isSent ? datagram : nil
    }
}
