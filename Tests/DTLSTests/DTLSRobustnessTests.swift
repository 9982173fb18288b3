// What a network or a stranger can do to a handshake or a session: cost time, nothing else.
// SPDX-License-Identifier: Apache-2.0
import MediaCrypto
import Testing
import Wire

@testable import DTLS

struct DTLSRobustnessTests {
    /// Runs one handshake per spoiled form of each datagram of it. With `replacing`, the genuine
    /// one is lost too.
    private func survive(
        replacing: Bool, pathBytesMax: Int = 1200, step: Int = 1,
        spoil: (_ bytes: [UInt8], _ position: Int) -> [UInt8]
    ) {
        let undisturbed = DTLSPair(pathBytesMax: pathBytesMax)
        undisturbed.run()
        for target in undisturbed.sent.indices {
            var position = 0
            while position < undisturbed.sent[target].bytes.count {
                let pair = DTLSPair(pathBytesMax: pathBytesMax)
                pair.run { datagram in
                    guard datagram.index == target else { return [datagram.bytes] }
                    let spoiled = spoil(datagram.bytes, position)
                    return replacing ? [spoiled] : [spoiled, datagram.bytes]
                }
                #expect(
                    pair.isConnected,
                    "datagram \(target), byte \(position)")
                position += step
            }
        }
    }

    private func flip(_ bytes: [UInt8], _ position: Int) -> [UInt8] {
        guard position < bytes.count else { return bytes }
        var bytes = bytes
        bytes[position] ^= 1 << UInt8(position % 8)
        return bytes
    }

    @Test func aFlippedBitInAnyByteOfAHandshakeIsSurvived() {
        survive(replacing: false, spoil: flip)
    }

    @Test func aFlippedBitInPlaceOfTheGenuineDatagramIsSurvived() {
        survive(replacing: true, step: 5, spoil: flip)
    }

    @Test func everyTruncationOfAHandshakeDatagramIsSurvived() {
        survive(replacing: false) { bytes, position in Array(bytes.prefix(position)) }
    }

    @Test func aTruncationInPlaceOfTheGenuineDatagramIsSurvived() {
        survive(replacing: true, step: 5) { bytes, position in Array(bytes.prefix(position)) }
    }

    @Test func flippedBitsInFragmentedFlightsAreSurvived() {
        survive(replacing: false, pathBytesMax: 256, step: 7, spoil: flip)
    }

    @Test func noiseBetweenTheDatagramsIsSurvived() {
        for seed in UInt64(1)...30 {
            var random = SeededRandom(seed: seed)
            let pair = DTLSPair()
            pair.run { datagram in
                var noise: [[UInt8]] = []
                for _ in 0..<4 {
                    var bytes = [UInt8](
                        repeating: 0, count: Int.random(in: 0...200, using: &random))
                    for index in bytes.indices {
                        bytes[index] = UInt8.random(in: 0...255, using: &random)
                    }
                    // Half of it looks like a record, so that it gets further.
                    if bytes.count > 40, Bool.random(using: &random) {
                        let length = bytes.count - 13
                        bytes.replaceSubrange(
                            0..<13,
                            with: [
                                UInt8.random(in: 20...23, using: &random), 0xFE, 0xFD, 0,
                                UInt8.random(in: 0...1, using: &random), 0, 0, 0, 0, 0, 0,
                                UInt8(truncatingIfNeeded: length >> 8),
                                UInt8(truncatingIfNeeded: length),
                            ])
                    }
                    noise.append(bytes)
                }
                return noise + [datagram.bytes]
            }
            #expect(pair.isConnected, "seed \(seed)")
        }
    }

    // MARK: Strangers' hellos (CVE-2023-51443)

    /// A ClientHello that is not the peer's, its only cipher the null one.
    static let nullCipherHello: [UInt8] = {
        var body: [UInt8] = [0xFE, 0xFD] + [UInt8](repeating: 0x5A, count: 32)
        body += [0, 0, 0, 2, 0, 0, 1, 0]
        return record(message(kind: 1, body))
    }()

    static func message(kind: UInt8, _ body: [UInt8], sequence: UInt8 = 0) -> [UInt8] {
        let count = [
            0, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count),
        ]
        return [kind] + count + [0, sequence, 0, 0, 0] + count + body
    }

    static func record(kind: UInt8 = 22, epoch: UInt8 = 0, _ body: [UInt8]) -> [UInt8] {
        [kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, 9]
            + [UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count)]
            + body
    }

    @Test func aNullCipherHelloAtAnyTimeDoesNotDisturbTheHandshake() {
        let pair = DTLSPair()
        pair.run { [Self.nullCipherHello, $0.bytes, Self.nullCipherHello] }
        #expect(pair.isConnected)
        #expect(pair.now < .zero + .milliseconds(50))
        #expect(pair.server.counters.brokenAttempts > 0)
    }

    @Test func anothersGenuineHelloInTheMiddleDoesNotDisturbTheHandshake() {
        let stranger = DTLSPair()
        stranger.collect()
        let hello = stranger.sent[0].bytes
        let pair = DTLSPair()
        // It comes behind the client's own ClientHello, as a racer's would, and the answer to it is
        // lost.
        pair.run { datagram in
            if datagram.index == 0 { return [datagram.bytes, hello] }
            return [datagram.bytes]
        }
        #expect(pair.isConnected)
    }

    @Test func aConnectedSessionIgnoresWhateverIsNotEncrypted() {
        let pair = DTLSPair()
        pair.run()
        let replies = pair.sent.count
        pair.deliver(Self.nullCipherHello, fromClient: true)
        pair.deliver(Self.record(kind: 21, [2, 40]), fromClient: true)
        pair.deliver(Self.record(kind: 21, [1, 0]), fromClient: false)
        pair.deliver(Self.record(Self.message(kind: 0, [])), fromClient: false)
        pair.collect()
        #expect(pair.sent.count == replies)
        #expect(pair.isConnected)
        #expect(pair.server.counters.unexpectedRecords == 2)
        expectDataPasses(pair)
    }

    @Test func aConnectedSessionSurvivesReplaysAndForgeriesOfEveryDatagram() {
        let pair = DTLSPair()
        pair.run()
        expectDataPasses(pair)
        for datagram in pair.sent {
            pair.deliver(datagram.bytes, fromClient: datagram.isFromClient)
            pair.deliver(datagram.bytes, fromClient: !datagram.isFromClient)
            for position in datagram.bytes.indices {
                pair.deliver(flip(datagram.bytes, position), fromClient: datagram.isFromClient)
                pair.deliver(
                    Array(datagram.bytes.prefix(position)), fromClient: datagram.isFromClient)
            }
        }
        pair.collect()
        #expect(pair.isConnected)
        #expect(pair.clientEvents.count == 2)
        #expect(pair.serverEvents.count == 2)
        expectDataPasses(pair)
    }

    @Test(arguments: 0...80) func anEncryptedRecordOfAnyLengthIsOnlyDropped(count: Int) {
        let pair = DTLSPair()
        pair.run()
        for kind in UInt8(20)...23 {
            pair.deliver(
                Self.record(kind: kind, epoch: 1, [UInt8](repeating: 7, count: count)),
                fromClient: true)
        }
        pair.collect()
        #expect(pair.isConnected)
        expectDataPasses(pair)
    }

    @Test func forgedAlertsDoNotEndAHandshake() {
        let pair = DTLSPair()
        let alert = Self.record(kind: 21, [2, 40])
        pair.run { [alert, $0.bytes] }
        #expect(pair.isConnected)
        #expect(pair.client.counters.unprotectedAlerts > 0)
    }

    @Test func aGenuineAlertEndsAHopelessHandshakeSoon() {
        let pair = DTLSPair()
        pair.run { $0.isFromClient ? [] : [$0.bytes] }
        #expect(pair.clientEvents == [.failed(.timedOut)])
        let told = DTLSPair()
        told.deliver(Self.record(kind: 21, [2, 40]), fromClient: false)
        told.run { _ in [] }
        #expect(told.clientEvents == [.failed(.peerAlert(40))])
    }

    private func expectDataPasses(_ pair: DTLSPair) {
        let (clientSeen, serverSeen) = (pair.clientEvents.count, pair.serverEvents.count)
        #expect(pair.send([1, 2, 3], fromClient: true))
        #expect(pair.send([4, 5], fromClient: false))
        pair.run()
        #expect(Array(pair.serverEvents[serverSeen...]) == [.applicationData([1, 2, 3])])
        #expect(Array(pair.clientEvents[clientSeen...]) == [.applicationData([4, 5])])
    }

    // MARK: Limits

    @Test func manyHellosCostABoundedNumberOfAttempts() {
        let pair = DTLSPair()
        pair.collect()
        for number in 0..<1000 {
            let hello = pair.sent[0].bytes
            var other = hello
            other[13 + 12 + 2] = UInt8(truncatingIfNeeded: number)
            other[13 + 12 + 3] = UInt8(truncatingIfNeeded: number >> 8)
            pair.deliver(other, fromClient: true)
        }
        var count = 0
        while DTLSPair.poll(&pair.server) != nil { count += 1 }
        #expect(count <= DTLSLimits.attemptsMax * 2)
        #expect(pair.server.counters.recordsOverLimit >= 900)
    }

    @Test func earlyEncryptedRecordsAreBounded() {
        let pair = DTLSPair()
        var count = 0
        pair.run { datagram in
            count += 1
            guard count < 4 else { return [datagram.bytes] }
            let early = Self.record(kind: 23, epoch: 1, [UInt8](repeating: 1, count: 60))
            return [datagram.bytes] + [[UInt8]](repeating: early, count: 200)
        }
        #expect(pair.server.counters.recordsOverLimit > 0)
    }

    @Test func handshakeFragmentsThatCannotBeAreDroppedBeforeOpenSSL() {
        let hello = [UInt8](repeating: 0, count: 60)
        let good = Self.message(kind: 1, hello)
        var cases: [[UInt8]] = [
            [], [1], Array(good.prefix(11)),  // no whole head
            Array(good.dropLast()),  // ends inside the fragment
            good + good,  // a hello with something behind it
            good + [0],
            Self.message(kind: 2, hello), Self.message(kind: 0, []), Self.message(kind: 20, hello),
            Self.message(kind: 99, hello),
        ]
        var tooLong = good
        tooLong[1] = 0xFF
        cases.append(tooLong)
        var empty = good
        empty.replaceSubrange(9..<12, with: [0, 0, 0])
        cases.append(Array(empty.prefix(12)))
        var past = good
        past[8] = 1
        cases.append(past)
        var late = good
        late[5] = 200
        cases.append(late)
        let pair = DTLSPair()
        for body in cases {
            let before = pair.server.counters.malformedRecords
            pair.deliver(Self.record(body), fromClient: true)
            #expect(pair.server.counters.malformedRecords == before + 1, "\(body.prefix(14))")
        }
        #expect(pair.server.counters.brokenAttempts == 0)
        pair.run()
        #expect(pair.isConnected)
    }

    @Test func anOversizedDatagramIsDropped() {
        let pair = DTLSPair()
        pair.deliver(
            [UInt8](repeating: 22, count: DTLSLimits.datagramBytesMax + 1), fromClient: true)
        #expect(pair.server.counters.oversizedDatagrams == 1)
        pair.run()
        #expect(pair.isConnected)
    }

    @Test func aHelloInTwoDatagramsOfAnyOrderIsAnswered() {
        for isReversed in [false, true] {
            for cut in [1, 35, 100] {
                let pair = DTLSPair()
                pair.run { datagram in
                    guard datagram.index == 0 else { return [datagram.bytes] }
                    let halves = Self.halves(of: datagram.bytes, at: cut)
                    return isReversed ? halves.reversed() : halves
                }
                #expect(pair.isConnected)
                #expect(pair.server.counters.malformedRecords == 0)
            }
        }
    }

    @Test func aHelloOfTwoDatagramsIsAnsweredAfterTheLossOfEither() {
        for lost in 0...1 {
            let pair = DTLSPair()
            pair.run { datagram in
                // The client repeats its ClientHello cut in the same two pieces.
                guard datagram.isFromClient, datagram.bytes[13] == 1 else {
                    return [datagram.bytes]
                }
                let halves = Self.halves(of: datagram.bytes, at: 70)
                return datagram.index == 0 ? [halves[1 - lost]] : halves
            }
            #expect(pair.isConnected)
        }
    }

    /// A ClientHello's datagram as two, cut at a byte of the message.
    private static func halves(of datagram: [UInt8], at cut: Int) -> [[UInt8]] {
        let head = Array(datagram[13..<13 + 6])
        let body = Array(datagram[25...])
        func piece(_ range: Range<Int>) -> [UInt8] {
            func number(_ value: Int) -> [UInt8] {
                [0, UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
            }
            return head + number(range.lowerBound) + number(range.count) + body[range]
        }
        return [record(piece(0..<cut)), record(piece(cut..<body.count))].enumerated().map {
            var bytes = $1
            bytes[10] = UInt8($0)
            return bytes
        }
    }
}
