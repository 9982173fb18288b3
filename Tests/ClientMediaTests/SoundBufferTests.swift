// That sound is heard without holes where it can be, and not later than the network demands.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import Testing
import Wire

@testable import ClientMedia

/// A sender of 20 ms packets, a network, and a listener that plays 20 ms at a time, a tenth faster or slower when told.
private struct SoundCall {
    var random: SeededRandom
    var buffer = SoundBuffer()
    var heard: [SoundBuffer.Step] = []
    /// When what was heard had been sent, and when it was heard, in milliseconds.
    var delays: [Int64] = []
    /// For how long in all sound is held for a picture at its beginning.
    var patience = MediaDuration.zero
    private var ready = 0
    private var arriving: [(at: Int64, packet: SoundPacket)] = []

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static let firstTimestamp: UInt32 = 4_294_960_000

    /// Lets time pass; each packet takes as long as `delay` says, `nil`: for ever.
    mutating func run(
        _ milliseconds: Range<Int64>, delay: (Int64, inout SeededRandom) -> Int64?
    ) {
        for now in milliseconds {
            if now % 20 == 0, let delay = delay(now, &random) {
                let timestamp = RTPTimestamp(Self.firstTimestamp &+ UInt32(now * 48))
                let packet = SoundPacket(
                    timestamp: timestamp, ticks: 960, payload: [UInt8(truncatingIfNeeded: now / 20)]
                )
                arriving.append((now + delay, packet))
            }
            let instant = MediaInstant.zero + .milliseconds(now)
            for (at, packet) in arriving where at == now { buffer.insert(packet, at: instant) }
            arriving.removeAll { $0.at <= now }
            guard now % 20 == 7 else { continue }
            while ready < 960 { ready += play(at: now) }
            ready -= 960
        }
    }

    /// Takes one step; returns how many ticks it gives to hear.
    private mutating func play(at now: Int64) -> Int {
        let step = buffer.next(at: .zero + .milliseconds(now), patience: patience)
        heard.append(step)
        switch step {
        case .packet(let packet, let tempo):
            let sent = packet.timestamp.distance(from: RTPTimestamp(Self.firstTimestamp)) / 48
            delays.append(now - Int64(sent))
            switch tempo {
            case .ordinary: return packet.ticks
            case .faster: return packet.ticks * 9 / 10
            case .slower: return packet.ticks * 11 / 10
            }
        case .recover(_, let ticks), .conceal(let ticks), .hold(let ticks): return ticks
        case .silence: return 960
        }
    }

    func count(_ predicate: (SoundBuffer.Step) -> Bool) -> Int { heard.count(where: predicate) }
    var packets: Int { count { if case .packet = $0 { true } else { false } } }
    var concealed: Int { count { if case .conceal = $0 { true } else { false } } }
    var recovered: Int { count { if case .recover = $0 { true } else { false } } }
    var silent: Int { count { $0 == .silence } }
}

@Suite struct SoundBufferTests {
    @Test func aSteadyNetworkIsHeardWholeAndSoon() throws {
        var call = SoundCall(seed: 1)
        call.run(0..<10_000) { _, _ in 30 }
        #expect(call.concealed == 0 && call.recovered == 0)
        #expect(call.packets >= 496)
        #expect(call.silent <= 4)
        // 30 ms under way, at most three steps more.
        #expect(try #require(call.delays.max()) <= 90)
    }

    @Test func whatWasHeldAtTheBeginningIsNotCaughtUpWithSoon() {
        var call = SoundCall(seed: 9)
        let isFaster = { (step: SoundBuffer.Step) in
            if case .packet(_, .faster) = step { true } else { false }
        }
        call.run(0..<500) { _, _ in 30 }
        call.patience = .milliseconds(100)
        call.run(500..<1_000) { _, _ in 30 }
        call.patience = .zero
        call.run(1_000..<2_000) { _, _ in 30 }
        #expect(call.count { if case .hold = $0 { true } else { false } } == 10)
        #expect(call.count(isFaster) == 0)
        // Two seconds after the first packet it is known how late they come.
        call.run(2_000..<6_000) { _, _ in 30 }
        #expect(call.count(isFaster) > 10)
    }

    @Test(arguments: 1...5)
    func jitterIsWaitedForAndNotLonger(seed: UInt64) throws {
        var call = SoundCall(seed: seed)
        call.run(0..<20_000) { _, random in 30 + Int64.random(in: 0...80, using: &random) }
        let late = call.buffer.latePackets
        #expect(Double(late) < 0.06 * 1_000)
        #expect(call.packets > 930)
        #expect(call.buffer.target >= .milliseconds(60) && call.buffer.target <= .milliseconds(100))
        #expect(try #require(call.delays.suffix(500).max()) < 200)
    }

    @Test func aLostPacketIsTakenFromTheNextAndOthersAreMadeUp() {
        var call = SoundCall(seed: 3)
        call.run(0..<10_000) { now, _ in
            switch now % 1_000 {
            case 100: nil
            // Two in a row: the second alone is repeated in what follows.
            case 500, 520: nil
            default: 30
            }
        }
        #expect(call.recovered == 20)
        #expect(call.concealed == 10)
        #expect(call.packets >= 466)
    }

    @Test func silenceFollowsWhenNothingComesAndEndsWithTheNextPacket() {
        var call = SoundCall(seed: 4)
        call.run(0..<5_000) { now, _ in now < 2_000 || now >= 3_000 ? 30 : nil }
        // 120 ms are made up, the rest of the second is silent.
        #expect(call.concealed == 6)
        #expect(call.silent >= 40 && call.silent <= 50)
        if case .packet = call.heard.last {} else { Issue.record("nothing is heard at the end") }
    }

    @Test func whatIsTooMuchIsPlayedFaster() throws {
        var call = SoundCall(seed: 5)
        // A second of jitter, then none.
        call.run(0..<3_000) { _, random in 30 + Int64.random(in: 0...200, using: &random) }
        call.heard = []
        call.run(3_000..<50_000) { _, _ in 30 }
        let faster = call.count { if case .packet(_, .faster) = $0 { true } else { false } }
        let slower = call.count { if case .packet(_, .slower) = $0 { true } else { false } }
        #expect(faster > 50)
        #expect(slower == 0)
        #expect(try #require(call.delays.suffix(300).max()) < 130)
    }

    @Test func whatComesTwiceOrLateIsDropped() {
        var buffer = SoundBuffer()
        func packet(_ number: UInt32) -> SoundPacket {
            SoundPacket(timestamp: RTPTimestamp(number * 960), ticks: 960, payload: [UInt8(number)])
        }
        for number: UInt32 in [2, 1, 2, 3, 1] { buffer.insert(packet(number), at: .zero) }
        #expect(buffer.heldTicks == 3 * 960)
        let later = MediaInstant.zero + .milliseconds(100)
        #expect(buffer.next(at: later) == .packet(packet(1), .faster))
        buffer.insert(packet(1), at: later)
        #expect(buffer.latePackets == 1)
        buffer.insert(SoundPacket(timestamp: RTPTimestamp(9), ticks: 0, payload: []), at: later)
        #expect(buffer.heldTicks == 2 * 960)
    }

    @Test func noFloodFillsIt() {
        var buffer = SoundBuffer()
        for number: UInt32 in 0..<10_000 {
            buffer.insert(
                SoundPacket(timestamp: RTPTimestamp(number &* 960), ticks: 960, payload: [1]),
                at: .zero)
        }
        #expect(buffer.heldTicks == SoundBuffer.packetsMax * 960)
    }

    /// Each leap is as long as one can be: what counts them must not overflow.
    @Test func timestampsThatLeapForEverAreBorne() {
        var buffer = SoundBuffer()
        for number: UInt32 in 0..<10_000 {
            let timestamp = RTPTimestamp(number &* 0x7FFF_FFFF)
            buffer.insert(
                SoundPacket(timestamp: timestamp, ticks: 960, payload: [1]), at: .zero)
            _ = buffer.next(at: .zero + .seconds(Int64(number)))
        }
        #expect(buffer.target <= SoundBuffer.usualDelays.upperBound)
    }

    @Test(arguments: [
        ([UInt8(0x78), 1], 960, false), ([0x7C, 1], 960, true), ([0x08, 1], 960, false),
        ([0x18, 1], 2_880, false), ([0x81, 1, 1], 240, false), ([0x7B, 0x03, 1], 2_880, false),
        ([0x83, 48], 5_760, false),
    ])
    func opusPacketsTellTheirLength(bytes: [UInt8], ticks: Int, isStereo: Bool) {
        let packet = OpusPacket.parse(bytes.span)
        #expect(packet?.ticks == ticks)
        #expect(packet?.isStereo == isStereo)
    }

    @Test(arguments: [[], [0x7B], [0x7B, 0], [0x83, 49], [0x1B, 3]])
    func whatIsNoOpusPacketIsRefused(bytes: [UInt8]) {
        let packet = OpusPacket.parse(bytes.span)
        #expect(packet == nil)
    }
}
