// How a room's media does what its session asks for: offers, answers, the end.
// SPDX-License-Identifier: Apache-2.0
import ClientIO
import ClientMedia
import ClientSession
import FoundationEssentials
import ICE
import NIOCore
import Negotiation
import RTP
import Signaling
import Wire

extension MediaDriver: MediaLink {
    func makeOffer(for purpose: OfferPurpose) async throws -> SDPBody {
        switch purpose {
        case .join:
            closeConnection()
            do { try await openSockets() } catch {
                offerError =
                    error as? MartletError
                    ?? MartletError(.engineFailed, "No socket for media can be opened: \(error).")
                throw error
            }
            offer = settings.offer(
                parameters: parameters, fingerprint: try ClientIdentity.made.get().fingerprint,
                using: &random)
        case .restart: offer?.restartICE(with: .fresh(using: &random))
        case .slots(let demand): offer?.addSlots(pairs: demand.video, audio: demand.audio)
        }
        guard let offer else {
            throw MartletError(.invalidState, "There is no media to go on with.")
        }
        return .plain(offer.text)
    }

    func takeAnswer(_ body: SDPBody, for purpose: OfferPurpose) async throws {
        guard let offer else { return }
        let media = try offer.media(fromAnswer: try Self.text(of: body))
        var servers = settings.iceServers
        if purpose.beginsICE, servers.isEmpty { servers = await session?.iceServers ?? [] }
        try Task.checkCancellation()
        let now = Self.now
        if purpose == .join || connection == nil {
            let bases = localBases()
            connection = try ClientConnection(
                media: media, dtls: try ClientIdentity.made.get().context,
                addresses: sockets.indices.map { index in
                    bases.first { Int($0.socket) == index }?.address ?? Self.standIn(sockets[index])
                }, streamSocket: Self.streamSocket, relaysAlone: settings.relaysAlone,
                clockZero: Self.clockZero(at: now), seed: random.next(),
                startBitrate: Double(parameters.startBitsPerSecond), at: now)
            for base in bases { connection?.addHost(base) }
            connection?.setWantedBitrate(wantedBitrate)
            connection?.setHandsOutPackets(!packetTaps.isEmpty)
            connection?.setSoundDelays(parameters.soundDelays)
        } else {
            try connection?.update(media, at: now)
            if purpose.beginsICE { for base in localBases() { connection?.addHost(base) } }
        }
        if purpose.beginsICE { gather(from: servers) }
        finishTurn()
    }

    func end() async { closeConnection() }

    /// Takes settings; those that act with a join wait for the next.
    func set(_ parameters: RoomParameters) {
        self.parameters = parameters
        connection?.setSoundDelays(parameters.soundDelays)
    }

    /// The largest answer, in bytes.
    private static let answerBytesMax = 512 * 1_024

    private static func text(of body: SDPBody) throws -> String {
        switch body {
        case .plain(let text): text
        case .deflated(let bytes):
            String(
                decoding: try Inflater.inflate(bytes, bytesMax: answerBytesMax), as: UTF8.self)
        }
    }

    /// What stands for a socket of a family of which the machine has no address now. Local candidates are told nobody: the
    /// server learns from checks where datagrams really come from.
    static func standIn(_ socket: MediaSocket) -> NetworkAddress {
        let port = UInt16(clamping: socket.channel.localAddress?.port ?? 0)
        return socket.isIPv6
            ? NetworkAddress(ipv6High: 0, low: 1, port: port)
            : NetworkAddress(ipv4: 0x7F00_0001, port: port)
    }

    /// The wall clock when the monotonic one stood at zero.
    private static func clockZero(at now: MediaInstant) -> NTPTime {
        let wall = Int64(Date().timeIntervalSince1970 * 1e9)
        return NTPTime(nanosecondsSince1970: wall - now.nanoseconds)
    }

    // MARK: Sending

    /// Sends a frame.
    /// - Returns: Why it was not sent; `nil`: it was.
    func send(_ frame: OutgoingFrame, mid: String, rid: String? = nil) -> SendError? {
        defer { finishTurn() }
        guard connection != nil else { return .notConnected }
        do throws(SendError) {
            try connection?.send(frame, mid: mid, rid: rid, at: Self.now)
            return nil
        } catch {
            return error
        }
    }

    /// Whether media can flow.
    var isReady: Bool { connection?.isReady ?? false }

    func add(_ encoder: EncoderSignals) {
        encoders.append(encoder)
        connection?.setWantedBitrate(wantedBitrate)
        shareBandwidth()
    }

    func remove(_ encoder: EncoderSignals) {
        encoders.removeAll { $0 === encoder }
        connection?.setWantedBitrate(wantedBitrate)
        shareBandwidth()
    }

    /// Forgets what is encoded for a section, or for all.
    func removeEncoders(mid: String? = nil) {
        encoders.removeAll { mid == nil || $0.mid == mid }
        connection?.setWantedBitrate(wantedBitrate)
        shareBandwidth()
    }

    /// What pictures and sound could use together.
    private var wantedBitrate: Double? {
        let sum = encoders.reduce(0) { $0 + $1.maxBitrate }
        return sum > 0 ? Double(sum + Self.soundBitrate) : nil
    }

    /// What is left to sound, in bits a second with all headers.
    private static let soundBitrate = 60_000

    /// Divides the path among what is encoded: the smallest first, each up to what it can use.
    func shareBandwidth() {
        guard let bandwidth else { return }
        var left = max(0, Int(bandwidth * 0.94) - Self.soundBitrate)
        for (index, encoder) in encoders.sorted(by: { $0.maxBitrate < $1.maxBitrate }).enumerated()
        {
            let rest = encoders.count - index
            // A fair share of what is left, so that a large one is not starved by small ones.
            let share = min(encoder.maxBitrate, rest == 1 ? left : max(left / rest, 0))
            encoder.setBitrate(share)
            left -= share
        }
    }

    /// What the server says anybody can use of a section's sizes.
    func setWanted(_ wanted: WantedLayers?, mid: String) {
        for encoder in encoders where encoder.mid == mid { encoder.setWanted(wanted) }
    }
}

extension RoomParameters {
    /// The bounds of how long sound is held.
    var soundDelays: ClosedRange<MediaDuration> {
        // Checked when they were set.
        let least = MediaDuration.milliseconds(Int64(soundDelayMinMilliseconds))
        return least...max(least, .milliseconds(Int64(soundDelayMaxMilliseconds)))
    }
}
