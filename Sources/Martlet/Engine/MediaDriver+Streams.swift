// How a room's media uses TCP where its network lets no datagrams through.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientMedia
import ClientTransport
import NIOCore
import Wire

extension MediaDriver {
    /// What stands for all TCP connections among the sockets; those of UDP are numbered from 0 on.
    static let streamSocket: UInt16 = 16
    /// The same for connections to relays, and for those beside them while media moves.
    static let relayStreamSockets: [UInt16] = [17, 18]

    func sendOverStream(_ datagram: ByteBuffer, on path: TransportPath, at now: MediaInstant) {
        unsafe datagram.withUnsafeReadableBytes { raw in
            // The span does not leave this closure.
            let span = unsafe Span<UInt8>(_unsafeBytes: raw)
            streams.send(span, on: path, at: now)
        }
    }

    /// Does what the connections' keeper says.
    func obeyStreams(at now: MediaInstant) {
        while let order = streams.pollOrder() {
            switch order {
            case .connect(let number, let path): connect(number, on: path)
            case .close(let number): channels.removeValue(forKey: number)?.close(promise: nil)
            case .lost(let path): connection?.closed(path, at: now)
            }
        }
    }

    func closeStreams() {
        streams.closeAll()
        obeyStreams(at: Self.now)
    }

    /// Gives connections as much as they take without keeping it.
    func writeStreams() {
        for number in streams.open {
            guard let channel = channels[number] else { continue }
            while channel.isWritable,
                let bytes = streams.takeBytes(of: number, bytesMax: MediaStream.writeBytesMax)
            {
                channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
            }
        }
    }

    private func connect(_ number: UInt64, on path: TransportPath) {
        guard let address = socketAddress(of: path.remote) else {
            streams.closed(number)
            return
        }
        let connecting = MediaStream.connect(
            to: address, on: eventLoop,
            onEvent: { [weak self] event in
                self?.assumeIsolated { $0.hear(event, of: number) }
                return
            })
        connecting.whenComplete { [weak self] result in
            self?.assumeIsolated { $0.take(result, of: number, on: path) }
            return
        }
    }

    private func take(
        _ result: Result<any Channel, any Error>, of number: UInt64, on path: TransportPath
    ) {
        switch result {
        case .failure: streams.closed(number)
        case .success(let channel):
            guard streams.contains(number) else {
                channel.close(promise: nil)
                return
            }
            do { try secure(channel, on: path) } catch {
                channel.close(promise: nil)
                streams.closed(number)
                break
            }
            channels[number] = channel
            streams.opened(number, at: Self.now)
        }
        finishTurn()
    }

    /// Speaks TLS with a relay that is to be reached so.
    private func secure(_ channel: any Channel, on path: TransportPath) throws {
        guard Self.relayStreamSockets.contains(path.socket),
            case .some(.some(let host)) = relayHosts[path.remote]
        else { return }
        guard let tls = settings.tls ?? TLSContext.system else {
            throw ChannelError.ioOnClosedChannel
        }
        try tls.secureRelay(channel, host: host)
    }

    private func hear(_ event: MediaStream.Event, of number: UInt64) {
        switch event {
        case .bytes(let buffer):
            let now = Self.now
            unsafe buffer.withUnsafeReadableBytes { raw in
                // The span does not leave this closure.
                let span = unsafe Span<UInt8>(_unsafeBytes: raw)
                streams.receive(span, of: number) { datagram, path in
                    connection?.receive(&datagram, on: path, at: now)
                }
            }
            if connection?.isReady == true { session?.mediaHeard() }
        case .turnEnded: finishTurn()
        case .hasRoom: writeStreams()
        case .closed:
            channels[number] = nil
            streams.closed(number)
            finishTurn()
        }
    }
}
