// That sound keeps its distance to the soonest way here: over pauses, through jitter that grows, for hours.
// SPDX-License-Identifier: Apache-2.0
import Payloads
import Testing
import Wire

@testable import ClientMedia

/// A buffer that is told of packets of 20 ms, and asked for 20 ms each 20 ms.
private struct HeardSound {
    var buffer = SoundBuffer()
    /// How much later than it was sent each packet was heard, in microseconds.
    var delays: [(number: Int, delay: Int64)] = []
    var concealed = 0
    private var arriving: [(at: Int64, number: Int)] = []
    private var ready = 0
    /// What the sender's 20 ms take by our clock.
    var interval: Int64 = 20_000
    /// By so many ticks a packet is made shorter or longer.
    var stretch = 240

    /// Sends packets; each takes as long as `delay` says, in microseconds, and plays what comes meanwhile.
    mutating func run(
        _ numbers: Range<Int>, delay: (Int) -> Int64?
    ) {
        for number in numbers {
            let sent = Int64(number) * interval
            if let delay = delay(number) { arriving.append((sent + delay, number)) }
            step(from: sent, to: sent + interval)
        }
    }

    /// Lets time pass in which nothing is sent.
    mutating func pause(_ numbers: Range<Int>) { run(numbers) { _ in nil } }

    private var nextPlay: Int64 = 0

    private mutating func step(from start: Int64, to end: Int64) {
        while nextPlay < end {
            deliver(until: nextPlay)
            while ready < 960 { ready += play(at: nextPlay) }
            ready -= 960
            nextPlay += 20_000
        }
        deliver(until: end)
    }

    private mutating func deliver(until time: Int64) {
        while let index = arriving.firstIndex(where: { $0.at <= time }) {
            let (at, number) = arriving.remove(at: index)
            buffer.insert(packet(number), at: .zero + .microseconds(at))
        }
    }

    private func packet(_ number: Int) -> SoundPacket {
        SoundPacket(
            timestamp: RTPTimestamp(UInt32(truncatingIfNeeded: number * 960)), ticks: 960,
            payload: [UInt8(number >> 16), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)])
    }

    private mutating func play(at now: Int64) -> Int {
        switch buffer.next(at: .zero + .microseconds(now)) {
        case .packet(let packet, let tempo):
            let number = packet.payload.reduce(0) { $0 << 8 | Int($1) }
            delays.append((number, now - Int64(number) * interval))
            return packet.ticks
                + (tempo == .faster ? -stretch : tempo == .slower ? stretch : 0)
        case .recover(_, let ticks), .conceal(let ticks):
            concealed += 1
            return ticks
        case .hold(let ticks): return ticks
        case .silence: return 960
        }
    }

    func delay(_ number: Int) -> Int64? { delays.first { $0.number == number }?.delay }
}

@Suite struct SoundPauseTests {
    /// 0 to 100 ms, the same for each number.
    private static func jitter(_ number: Int) -> Int64 {
        Int64((number &* 2_654_435_761) >> 8 & 0xFFFF) * 100_000 / 0xFFFF
    }

    @Test(arguments: [0, 50_000, 95_000] as [Int64])
    func afterAPauseSoundGoesOnWhereItWouldHaveBeen(first: Int64) throws {
        var sound = HeardSound()
        sound.run(0..<500) { Self.jitter($0) }
        let before = try #require(sound.delays.last?.delay)
        #expect(before > 90_000)
        // Two seconds of nothing; then the first packet is soon or late.
        sound.pause(500..<600)
        sound.run(600..<700) { $0 == 600 ? first : Self.jitter($0) }
        let after = try #require(sound.delay(600))
        #expect(abs(after - before) <= 20_000)
        #expect(try abs(#require(sound.delay(650)) - before) <= 20_000)
    }

    /// It came when nothing had been heard for long, and had its time before the pause.
    @Test func whatStraggledBeforeAPauseDoesNotComeAfterIt() throws {
        var sound = HeardSound()
        sound.run(0..<500) { $0 == 499 ? 500_000 : Self.jitter($0) }
        let before = try #require(sound.delays.last?.delay)
        sound.pause(500..<600)
        sound.run(600..<650) { Self.jitter($0) }
        #expect(sound.delay(499) == nil)
        #expect(sound.buffer.latePackets > 0)
        #expect(try abs(#require(sound.delay(600)) - before) <= 20_000)
    }

    @Test func whatComesTooLateIsHeardAsLongAsSoundIsToBeLater() throws {
        var sound = HeardSound()
        sound.run(0..<50) { _ in 10_000 }
        #expect(try #require(sound.delays.last?.delay) <= 40_000)
        // From here on packets take 100 ms longer: all but the first, which may be one that is late once, are heard.
        sound.run(50..<100) { _ in 110_000 }
        #expect(sound.delays.count { $0.number >= 50 } > 42)
        #expect(sound.delay(52) != nil && sound.concealed <= 8)
        #expect(try #require(sound.delays.last?.delay) <= 150_000)
    }

    /// Another source's packets are as late as those before, whatever its timestamps say.
    @Test func anotherSourceIsHeldAsLongAsTheOneBefore() {
        var sound = HeardSound()
        sound.run(0..<500) { Self.jitter($0) }
        let target = sound.buffer.target
        #expect(target >= .milliseconds(90))
        sound.buffer.discard()
        sound.buffer.restart()
        sound.delays = []
        sound.run(2_000..<2_100) { Self.jitter($0) }
        #expect(abs((sound.buffer.target - target).milliseconds) <= 10)
    }

    /// The way gets longer for good, or the sender's clock is set back, by more than sound is ever held: what was soonest once
    /// is remembered for up to 20 s, and must not let sound be played faster than it comes.
    @Test(arguments: [700_000, 1_500_000, 5_000_000] as [Int64])
    func aWayThatIsMuchLongerFromNowOnIsBorne(more: Int64) throws {
        var sound = HeardSound()
        sound.run(0..<500) { 10_000 + Self.jitter($0) / 5 }
        sound.run(500..<5_000) { 10_000 + Self.jitter($0) / 5 + more }
        let late = sound.delays.filter { $0.number >= 600 }
        #expect(late.count > (4_400 - Int(more) / 20_000) * 98 / 100)
        #expect(late.allSatisfy { $0.delay < more + 600_000 })
        #expect(try #require(late.last).delay < more + 100_000)
    }

    /// Twenty minutes with a clock that is 200 ppm faster or slower, which makes 240 ms: the sound is as late at the end as it
    /// was, no more is made up than jitter explains, and what is held stays what it was.
    @Test(arguments: [19_996, 20_004] as [Int64])
    func clocksMayDriftForLong(interval: Int64) throws {
        var sound = HeardSound()
        sound.interval = interval
        sound.run(0..<60_000) { Self.jitter($0) }
        let settled = sound.delays.drop { $0.number < 2_000 }.map(\.delay)
        let (least, most) = (try #require(settled.min()), try #require(settled.max()))
        #expect(least > 70_000 && most < 170_000)
        #expect(settled.count > 58_000 * 98 / 100)
        #expect(sound.buffer.heldTicks <= 48 * 200)
    }
}

extension MediaDuration {
    fileprivate static func - (left: MediaDuration, right: MediaDuration) -> MediaDuration {
        MediaDuration(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
}
