// Packets from addresses nobody has proved: a peer whose address changed is found by its keys.
// SPDX-License-Identifier: Apache-2.0
import BasicContainers
import Forwarding
import PeerTransport
import RTP
import SRTP
import Wire

/// What packets from unknown addresses may cost.
enum StrayLimits {
    /// How many are looked at once.
    static let burst = 64
    /// How many are looked at a second, for long.
    static let perSecond = 256
    /// With how many peers' keys one packet of RTCP is tried.
    static let trials = 8
    /// The largest packet of RTCP that is tried, in bytes.
    static let controlBytesMax = 1_500
    /// Who was heard less long ago still has the address it had. Browsers send feedback each 50 ms
    /// or more.
    static let quietMin = MediaDuration.milliseconds(40)
}

extension MediaWorker {
    /// Takes a packet from an address that passed no check, if a peer's keys fit.
    ///
    /// A NAT that lost its table gives a client another address, and browsers check theirs each 2.5 s only. What
    /// its keys authenticate, for the first time, is the peer's and is taken. Nothing is sent to the address
    /// but a check of our own (``PeerTransport/isProbing(_:)``), until it is answered.
    mutating func receiveStray(
        _ datagram: inout MutableSpan<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard strayBudget.take(at: now), datagram.count >= 12 else {
            return drops.count(.unknownAddress)
        }
        if RTCPReader.isRTCP(datagram.span) {
            receiveStrayControl(datagram.span, on: path, at: now)
            return
        }
        guard let ssrc = datagram.span.uint32(at: 8).map(SSRC.init),
            let index = peer(sending: ssrc)
        else { return drops.count(.unknownAddress) }
        receiveRTP(&datagram, from: index, on: path, at: now)
        follow(index, to: path, at: now)
    }

    private mutating func receiveStrayControl(
        _ datagram: Span<UInt8>, on path: TransportPath, at now: MediaInstant
    ) {
        guard datagram.count <= StrayLimits.controlBytesMax,
            let ssrc = datagram.uint32(at: 4).map(SSRC.init)
        else { return drops.count(.unknownAddress) }
        var suspects = StraySuspects()
        for index in 0..<peers.count {
            guard peers[index]?.controls(with: ssrc) == true, peers[index]?.isReady == true,
                let heard = peers[index]?.transport.lastReceived,
                now - heard >= StrayLimits.quietMin
            else { continue }
            let known = peers[index]?.transport.selectedPath?.remote
            let isNear = known?.with(port: 0) == path.remote.with(port: 0)
            suspects.add(.init(peer: index, isNear: isNear, heard: heard))
        }
        var copy = InlineArray<1_500, UInt8>(repeating: 0)
        for place in 0..<suspects.count {
            // A key that does not fit leaves nothing of what it was tried on.
            for offset in datagram.indices { copy[offset] = datagram[offset] }
            var span = copy.mutableSpan
            var trial = span.extracting(0..<datagram.count)
            let index = suspects.peer(at: place)
            let opened = try? peers[index]?.transport.openRTCP(&trial, on: path, at: now)
            guard let count = opened else { continue }
            take(trial.span.extracting(0..<count), from: index, at: now)
            return follow(index, to: path, at: now)
        }
        drops.count(.unknownAddress)
    }

    /// The peer that sends a stream of this SSRC.
    private mutating func peer(sending ssrc: SSRC) -> Int? {
        for index in 0..<peers.count where peers[index]?.sends(ssrc) == true { return index }
        return nil
    }

    /// Sends the check, and knows later packets from there without another look.
    private mutating func follow(_ index: Int, to path: TransportPath, at now: MediaInstant) {
        guard peers[index]?.transport.isProbing(path) == true else { return }
        take(path: path, for: index)
        wantPoll(index)
        schedule(index, by: now)
    }
}

extension Peer {
    /// Remembers which SSRC its RTCP comes from.
    mutating func noteControl(from ssrc: SSRC?) {
        guard controlSSRCs.last != ssrc else { return }
        controlSSRCs = (ssrc, controlSSRCs.last)
    }

    /// Whether its RTCP came from an SSRC lately. Mutating, as ``isReady`` is.
    mutating func controls(with ssrc: SSRC) -> Bool {
        controlSSRCs.last == ssrc || controlSSRCs.before == ssrc
    }

    /// Whether it sends a stream of an SSRC. Mutating, as ``isReady`` is.
    mutating func sends(_ ssrc: SSRC) -> Bool { route(of: ssrc) != nil }
}

/// The peers a packet is likeliest from: of the same host first, then who is silent for longest. Browsers that
/// only receive all use the same SSRC.
struct StraySuspects {
    /// One of them.
    struct Suspect {
        /// Its place among the peers.
        var peer: Int
        /// Whether its address is another port of the same host.
        var isNear: Bool
        /// When it was last heard.
        var heard: MediaInstant

        fileprivate func isBefore(_ other: Suspect) -> Bool {
            isNear != other.isNear ? isNear : heard < other.heard
        }
    }

    /// How many there are, up to `StrayLimits.trials`.
    private(set) var count = 0
    private var list = InlineArray<8, Suspect>(
        repeating: Suspect(peer: 0, isNear: false, heard: .zero))

    /// Takes one in if it is likelier than the last of a full list.
    mutating func add(_ suspect: Suspect) {
        var place = count
        while place > 0, suspect.isBefore(list[place - 1]) { place -= 1 }
        guard place < StrayLimits.trials else { return }
        count = min(count + 1, StrayLimits.trials)
        var last = count - 1
        while last > place {
            list[last] = list[last - 1]
            last -= 1
        }
        list[place] = suspect
    }

    /// The place among the peers of the one so likely; 0 is the likeliest.
    func peer(at place: Int) -> Int { list[place].peer }
}
