// The media of one room: its connection, its sockets and its times, on one event loop.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientMedia
import ClientSession
import ClientTransport
import NIOCore
import Negotiation
import Payloads
import PeerTransport
import RTP
import Signaling
import Wire

/// Drives a `ClientConnection` with real datagrams. It shares its event loop with the session's driver and with other
/// rooms, and blocks it never: pictures are encoded and decoded elsewhere.
actor MediaDriver {
    nonisolated let eventLoop: any EventLoop
    private let executor: any SerialExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    let settings: MediaSettings
    var parameters: RoomParameters
    var connection: ClientConnection?
    var offer: ClientOffer?
    var sockets: [MediaSocket] = []
    /// As many more, once media has to move from one allocation on a relay to another.
    var spareSockets: [MediaSocket] = []
    /// TCP connections, and the channels of those that are there or being opened.
    var streams = ClientStreams(relaySockets: MediaDriver.relayStreamSockets)
    var channels: [UInt64: any Channel] = [:]
    /// What relays over TCP are called, with whom TLS is spoken; `nil`: without.
    var relayHosts: [NetworkAddress: String?] = [:]
    /// Grows with each search for where sockets are seen from; what an older one finds is not looked at.
    var gatherings = 0
    var random = SystemRandomNumberGenerator()
    /// Which session is told of the link.
    weak var session: SessionDriver?
    /// What sections show, each named once.
    var assignments: [SlotAssignment] = []
    /// Frames whose owner is not known yet, by mid.
    var undelivered: [String: [EncodedFrame]] = [:]
    /// Packets of sound whose owner, or time, is not known yet, by mid.
    var undeliveredSound: [String: [ReceivedSound]] = [:]
    /// Sections whose sound is played.
    var heard: [HeardSection] = []
    var mix = SoundMix()
    var lipSyncs: [String: LipSync] = [:]
    var soundTaps: [SoundTap] = []
    var pictureTaps: [PictureTap] = []
    var packetTaps: [PacketTap] = []
    var lastTap: UInt64 = 0
    /// What is encoded for sections of pictures, to be told of rates and keyframes.
    var encoders: [EncoderSignals] = []
    var bandwidth: Double?
    /// On while one may publish nothing: one is of the audience, or hidden.
    nonisolated let suspension = MuteSwitch(false)
    /// Whether sound is played: from joining to leaving.
    var isPlaying = false
    /// The clock of the loop's sound, and whether it is followed.
    let clock: SoundClock
    var isTicking = false
    var nextTick = MediaInstant.zero
    /// Who is told of bytes that came with pictures.
    var onMetadata: (@Sendable (TrackKey, [UInt8]) -> Void)?
    var metadataReceivers: [TrackKey: MetadataReceiver] = [:]
    var pathWatch = PathWatch()
    var qualityTimer: Scheduled<Void>?
    /// Why no offer could be made last.
    var offerError: MartletError?
    private var timer: (at: MediaInstant, task: Scheduled<Void>)?
    private var lastSender: (socket: SocketAddress, network: NetworkAddress)?
    private var socketAddresses: [NetworkAddress: SocketAddress] = [:]
    /// What the next datagram is written into: most turns send none.
    private var spare: ByteBuffer?

    init(settings: MediaSettings, parameters: RoomParameters, on eventLoop: any EventLoop) {
        self.settings = settings
        self.parameters = parameters
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        clock = .of(eventLoop)
    }

    isolated deinit {
        timer?.task.cancel()
        qualityTimer?.cancel()
        for socket in sockets + spareSockets { socket.channel.close(promise: nil) }
        for channel in channels.values { channel.close(promise: nil) }
    }

    func attach(
        _ session: SessionDriver, onMetadata: @escaping @Sendable (TrackKey, [UInt8]) -> Void
    ) {
        self.session = session
        self.onMetadata = onMetadata
    }

    /// Now, on the clock of the connection.
    static var now: MediaInstant {
        MediaInstant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }

    // MARK: Datagrams

    func receive(_ buffer: ByteBuffer, from address: SocketAddress, socket: UInt16) {
        guard connection != nil, let remote = networkAddress(of: address) else { return }
        var buffer = buffer
        let path = TransportPath(socket: socket, remote: remote)
        unsafe buffer.withUnsafeMutableReadableBytes { raw in
            let bytes = unsafe raw.bindMemory(to: UInt8.self)
            // The buffer is ours alone, and the span does not leave this closure.
            var span = unsafe MutableSpan(_unsafeElements: bytes)
            connection?.receive(&span, on: path, at: Self.now)
        }
        if connection?.isReady == true { session?.mediaHeard() }
    }

    /// Sends what there is to send, tells what there is to tell, and sets the clock.
    func finishTurn() {
        let now = Self.now
        streams.advance(to: now)
        obeyStreams(at: now)
        if let due = connection?.nextDeadline, due <= now { connection?.advance(to: now) }
        drainEvents(at: now)
        deliverHeld()
        flush(at: now)
        schedule()
    }

    private func flush(at now: MediaInstant) {
        guard connection != nil else { return }
        var written: [any Channel] = []
        while true {
            var buffer =
                spare.take() ?? ByteBufferAllocator().buffer(capacity: ClientConnection.datagramMax)
            var path: TransportPath?
            unsafe buffer.writeWithUnsafeMutableBytes(
                minimumWritableBytes: ClientConnection.datagramMax
            ) { raw in
                let bytes = unsafe raw.bindMemory(to: UInt8.self)
                // The memory is the buffer's, and the span does not leave this closure.
                var span = unsafe MutableSpan(_unsafeElements: bytes)
                guard let datagram = connection?.write(into: &span, at: now) else { return 0 }
                path = datagram.path
                return datagram.count
            }
            guard let path else {
                spare = consume buffer
                break
            }
            if path.socket >= Self.streamSocket {
                sendOverStream(buffer, on: path, at: now)
                continue
            }
            guard let channel = socket(path.socket)?.channel,
                let remote = socketAddress(of: path.remote)
            else { continue }
            channel.write(
                AddressedEnvelope(remoteAddress: remote, data: buffer), promise: nil)
            if !written.contains(where: { $0 === channel }) { written.append(channel) }
        }
        for channel in written { channel.flush() }
        obeyStreams(at: now)
        writeStreams()
    }

    /// Datagrams come from one address for a long time: the last one is remembered.
    func networkAddress(of address: SocketAddress) -> NetworkAddress? {
        if let known = lastSender, known.socket == address { return known.network }
        guard let host = address.ipAddress, let port = address.port,
            let found = NetworkAddress(host: host, port: UInt16(clamping: port))
        else { return nil }
        lastSender = (address, found)
        return found
    }

    func socketAddress(of address: NetworkAddress) -> SocketAddress? {
        if let known = socketAddresses[address] { return known }
        // A server has few addresses; one that names thousands is not worth remembering.
        if socketAddresses.count > 64 { socketAddresses.removeAll() }
        let made = try? SocketAddress(
            ipAddress: address.hostText, port: Int(address.port))
        socketAddresses[address] = made
        return made
    }

    private func schedule() {
        guard let due = connection?.nextDeadline else { return }
        let next = streams.nextDeadline.map { min($0, due) } ?? due
        // An earlier timer finds out by itself that it came too early.
        if let timer, timer.at <= next { return }
        timer?.task.cancel()
        let task = eventLoop.scheduleTask(
            deadline: .uptimeNanoseconds(UInt64(clamping: next.nanoseconds))
        ) { [weak self] in
            self?.assumeIsolated {
                $0.timer = nil
                $0.finishTurn()
            }
            return
        }
        timer = (next, task)
    }

    func closeConnection() {
        guard connection != nil else { return }
        connection?.close()
        flush(at: Self.now)
        connection = nil
        closeStreams()
        gatherings += 1
        timer?.task.cancel()
        timer = nil
        undelivered = [:]
        undeliveredSound = [:]
        heard = []
        lipSyncs = [:]
        assignments = []
        bandwidth = nil
        metadataReceivers = [:]
    }

    // MARK: Events

    private func drainEvents(at now: MediaInstant) {
        while let event = connection?.pollEvent() {
            switch event {
            case .transport(.failed): session?.mediaFailed()
            case .transport: break
            case .frame(let mid, let frame): take(frame, mid: mid, at: now)
            case .sound(let mid, let packet):
                take(ReceivedSound(packet: packet, cameAt: now), mid: mid, at: now)
            case .keyframeRequested(let mid, let rid):
                for encoder in encoders where encoder.mid == mid { encoder.requestKeyframe(rid) }
            case .bandwidth(let found):
                bandwidth = found
                shareBandwidth()
            }
        }
    }
}
