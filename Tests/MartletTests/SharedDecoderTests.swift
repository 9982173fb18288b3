// That players of one track decode once what they hear alike, and each hears what it would hear alone.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import Foundation
import MediaCodecs
import Signaling
import Testing
import Wire

@testable import Martlet

/// A second of a tone that swells, in packets of 20 ms.
private let sounds: [SoundPacket] = {
    var encoder = try? OpusEncoder(channels: 1)
    return (0..<50).map { number in
        let samples = tone(300, samples: 960, from: number * 960).map {
            Int16(Int($0) * (number % 20 + 1) / 20)
        }
        var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var span = packet.mutableSpan
        let count = (try? encoder?.encode(samples.span, into: &span)) ?? 0
        return SoundPacket(
            timestamp: RTPTimestamp(UInt32(number * 960)), ticks: 960,
            payload: Array(packet.prefix(count)))
    }
}()

private let packets = sounds.map { DecodingStep.packet($0.payload, ticks: $0.ticks) }

/// Tones of another pitch in each packet of 20 ms, as speech that nobody can guess, and the packets, each of which repeats
/// the one before.
private func syllables() throws -> (pitches: [Double], packets: [SoundPacket]) {
    let pitches = (0..<40).map { [220.0, 700, 350, 1_100, 500][$0 * 3 % 5] }
    var encoder = try OpusEncoder(channels: 1)
    try encoder.setBitRate(24_000)
    try encoder.setForwardErrorCorrection(true, expectedLossPercent: 30)
    let packets = try pitches.enumerated().map { number, pitch in
        let samples = tone(pitch, samples: 960, from: number * 960)
        var packet = [UInt8](repeating: 0, count: OpusEncoder.packetBytesMax)
        var span = packet.mutableSpan
        let count = try encoder.encode(samples.span, into: &span)
        return SoundPacket(
            timestamp: RTPTimestamp(UInt32(number * 960)), ticks: 960,
            payload: Array(packet.prefix(count)))
    }
    return (pitches, packets)
}

/// The mean square of what two pieces of sound differ by.
private func difference(_ one: [Int16], _ other: [Int16]) -> Double {
    zip(one, other).map { pow(Double($0) - Double($1), 2) }.reduce(0, +) / Double(max(1, one.count))
}

/// What a decoder that shares nothing makes of some steps.
private func alone(_ steps: [DecodingStep]) throws -> [[Int16]?] {
    var decoder = try OpusDecoder(channels: 2)
    return steps.map { decoder.samples(of: $0) }
}

/// A decoder that expectations can look at.
private final class Listener {
    private var decoder: SharedDecoder
    init(_ key: SharedTrack.Key) { decoder = SharedDecoder(key) }
    var isShared: Bool { decoder.isShared }
    func samples(of step: DecodingStep, at now: MediaInstant = .zero) -> [Int16]? {
        decoder.samples(of: step, at: now)
    }
}

private func key(_ room: String = #function) throws -> SharedTrack.Key {
    SharedTrack.Key(
        room: room,
        track: TrackKey(participant: try ParticipantID("ada"), track: try TrackID("TR_1")))
}

/// Two who hear a track from its beginning; whoever asks leaves it.
private func twoListeners(
    _ room: String = #function
) throws -> (track: SharedTrack, first: Listener, second: Listener) {
    let key = try key(room)
    return (SharedTrack.enter(key), Listener(key), Listener(key))
}

/// So many who play a track.
private func players(_ count: Int, of key: SharedTrack.Key) -> [SoundPlayer] {
    (0..<count).map { _ in SoundPlayer(start: RTPTimestamp(0), at: .zero, track: key) }
}

@Suite(.serialized) struct SharedDecoderTests {
    @Test func whatTwoHearAlikeIsDecodedOnce() throws {
        let (track, first, second) = try twoListeners()
        defer { track.leave() }
        let steps = packets
        let expected = try alone(steps)
        var heard: [[[Int16]?]] = [[], []]
        // One is up to five packets behind the other.
        for number in 0..<steps.count + 5 {
            if number < steps.count { heard[0].append(first.samples(of: steps[number])) }
            if number >= 5 { heard[1].append(second.samples(of: steps[number - 5])) }
        }
        #expect(heard[0] == expected && heard[1] == expected)
        #expect(first.isShared && second.isShared)
        // The first packet was decoded before there was anything to share.
        #expect(track.decoded == UInt64(steps.count - 1))
    }

    @Test func whoMissesAPacketHearsWhatItWouldHearAloneAndThenWithTheOthersAgain() throws {
        let key = try key()
        let whole = Listener(key)
        let lossy = Listener(key)
        var steps = packets
        let expected = try alone(steps)
        steps[20] = .conceal(ticks: 960)
        steps[30] = .recover(from: sounds[31].payload, ticks: 960)
        let expectedOfLossy = try alone(steps)
        var stretch = 0
        // The one without the packet comes to it first.
        for number in packets.indices {
            let ofLossy = lossy.samples(of: steps[number])
            if lossy.isShared {
                stretch += 1
            } else {
                #expect(ofLossy == expectedOfLossy[number], "packet \(number)")
            }
            #expect(whole.samples(of: packets[number]) == expected[number])
            #expect(whole.isShared || number == 0)
        }
        // Alone from what was made up until the packets behind it, twice; the second time so are those of the first.
        #expect(stretch >= packets.count - 2 * (SharedDecoder.packetsAlone + 1) - 1)
        #expect(lossy.isShared)
    }

    @Test func whatIsLostIsHeardFromThePacketBehindIt() throws {
        let key = try key()
        let (spoken, sent) = try syllables()
        let whole = try alone(sent.map { .packet($0.payload, ticks: $0.ticks) })
        var errors: [Double] = []
        for lost in [
            DecodingStep.recover(from: sent[21].payload, ticks: 960), .conceal(ticks: 960),
        ] {
            let listener = Listener(key)
            var heard: [Int16] = []
            for (number, packet) in sent.enumerated() {
                let step = number == 20 ? lost : .packet(packet.payload, ticks: packet.ticks)
                let samples = try #require(listener.samples(of: step))
                if number == 20 { heard = samples }
            }
            errors.append(difference(heard, try #require(whole[20])))
        }
        #expect(spoken[20] != spoken[19])
        #expect(errors[0] < errors[1] / 2, "\(errors)")
    }

    @Test func whoComesLaterGoesOnWhereTheOthersAre() throws {
        let key = try key()
        let early = Listener(key)
        let expected = try alone(packets)
        for number in 0..<20 {
            #expect(early.samples(of: packets[number]) == expected[number])
        }
        // Nothing is kept for nobody.
        #expect(!early.isShared)
        do {
            let late = Listener(key)
            for number in 20..<40 {
                #expect(early.samples(of: packets[number]) == expected[number])
                #expect(late.samples(of: packets[number]) == expected[number])
                #expect(early.isShared && late.isShared)
            }
        }
        for number in 40..<50 {
            #expect(early.samples(of: packets[number]) == expected[number])
        }
        #expect(!early.isShared)
    }

    @Test func whoIsFarBehindGoesItsOwnWay() throws {
        let key = try key()
        let ahead = Listener(key)
        let behind = Listener(key)
        let expected = try alone(packets)
        for number in 0..<3 {
            #expect(ahead.samples(of: packets[number]) == expected[number])
            #expect(behind.samples(of: packets[number]) == expected[number])
        }
        for number in 3..<50 {
            #expect(ahead.samples(of: packets[number]) == expected[number])
        }
        for number in 3..<10 {
            #expect(behind.samples(of: packets[number]) == expected[number])
        }
        #expect(!behind.isShared)
    }

    @Test func whereNobodyWentOnForASecondSomebodyElseBegins() throws {
        let (track, first, second) = try twoListeners()
        defer { track.leave() }
        _ = first.samples(of: packets[0])
        _ = second.samples(of: packets[20], at: .zero + .milliseconds(900))
        #expect(first.isShared && !second.isShared)
        _ = second.samples(of: packets[21], at: .zero + .milliseconds(1_100))
        #expect(second.isShared)
        _ = first.samples(of: packets[22])
        #expect(!first.isShared)
    }

    @Test func whatOccursTwiceIsNoPlaceToBegin() throws {
        let (track, first, second) = try twoListeners()
        defer { track.leave() }
        for number in [0, 1, 2, 1, 3] { _ = first.samples(of: packets[number]) }
        _ = second.samples(of: packets[1])
        #expect(!second.isShared)
        _ = second.samples(of: packets[3])
        #expect(second.isShared)
    }

    @Test func nothingIsLeftOfATrackThatNobodyPlays() throws {
        let key = try key()
        let before = SharedTrack.count
        do {
            let players = players(3, of: key)
            #expect(SharedTrack.count == before + 1)
            for player in players {
                #expect(player.take(.packet(sounds[0], .ordinary), at: .zero))
                #expect(player.next()?.samples.count == 960)
            }
            #expect(players[2].isShared)
        }
        #expect(SharedTrack.count == before)
    }

    @Test func damagedPacketsAreDamagedForAll() throws {
        let players = players(2, of: try key())
        let damaged = SoundPacket(timestamp: RTPTimestamp(960), ticks: 960, payload: [0xFF, 0x3F])
        for player in players {
            #expect(player.take(.packet(sounds[0], .ordinary), at: .zero))
            #expect(player.take(.packet(damaged, .ordinary), at: .zero))
            #expect(player.damaged == 1)
            #expect(player.isShared)
        }
    }
}
