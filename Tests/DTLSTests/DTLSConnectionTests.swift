// Application data, closing, and the repetition of the last flight.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import DTLS

struct DTLSConnectionTests {
    @Test func applicationDataPassesBothWaysDatagramByDatagram() {
        let pair = DTLSPair()
        pair.run()
        for count in [1, 100, 1100] {
            #expect(pair.send([UInt8](repeating: 1, count: count), fromClient: true))
            #expect(pair.send([UInt8](repeating: 2, count: count), fromClient: false))
        }
        pair.run()
        #expect(
            pair.serverEvents.dropFirst() == [
                .applicationData([1]), .applicationData([UInt8](repeating: 1, count: 100)),
                .applicationData([UInt8](repeating: 1, count: 1100)),
            ])
        #expect(
            pair.clientEvents.dropFirst() == [
                .applicationData([2]), .applicationData([UInt8](repeating: 2, count: 100)),
                .applicationData([UInt8](repeating: 2, count: 1100)),
            ])
        #expect(pair.sent.allSatisfy { $0.bytes.count <= DTLSLimits.pathBytesMax })
    }

    @Test func dataThatFitsNoDatagramIsRefused() {
        let pair = DTLSPair()
        pair.run()
        #expect(!pair.send([UInt8](repeating: 1, count: 1200), fromClient: true))
        #expect(!pair.send([UInt8](repeating: 1, count: 70_000), fromClient: true))
        #expect(!pair.send([], fromClient: true))
        #expect(pair.isConnected)
    }

    @Test func nothingIsSentBeforeTheConnectionOrAfterItsEnd() {
        let pair = DTLSPair()
        #expect(!pair.send([1], fromClient: true))
        pair.run()
        pair.client.close()
        #expect(!pair.send([1], fromClient: true))
        #expect(!pair.isConnected(client: true))
    }

    @Test(arguments: [true, false]) func closingIsToldToThePeer(byClient: Bool) {
        let pair = DTLSPair()
        pair.run()
        if byClient { pair.client.close() } else { pair.server.close() }
        pair.run()
        #expect((byClient ? pair.serverEvents : pair.clientEvents).last == .closed)
        #expect((byClient ? pair.clientEvents : pair.serverEvents).count == 1)
        #expect(!pair.isConnected(client: true))
        #expect(!pair.isConnected(client: false))
    }

    @Test func closingAHandshakeIsSilent() {
        let pair = DTLSPair()
        pair.collect()
        pair.client.close()
        let count = pair.sent.count
        pair.collect()
        #expect(pair.sent.count == count)
        #expect(pair.client.nextDeadline == nil)
        #expect(pair.clientEvents.isEmpty)
    }

    @Test func aLostLastFlightIsRepeatedForAsLongAsTheClientAsks() {
        let pair = DTLSPair()
        var losses = 0
        pair.run { datagram in
            // The server's last flight begins with ChangeCipherSpec.
            if !datagram.isFromClient, datagram.bytes[0] == 20, losses < 6 {
                losses += 1
                return []
            }
            return [datagram.bytes]
        }
        #expect(losses == 6)
        #expect(pair.isConnected)
    }

    @Test func dataThatComesWithOrBeforeTheLastFlightIsKept() {
        let pair = DTLSPair()
        var held: [[UInt8]] = []
        pair.run { datagram in
            if !datagram.isFromClient, datagram.bytes[0] == 20 {
                held.append(datagram.bytes)
                // The server is connected and sends at once; its data overtakes the last flight.
                #expect(pair.send([9, 9], fromClient: false))
                return []
            }
            if !datagram.isFromClient, datagram.bytes[0] == 23 {
                defer { held = [] }
                return [datagram.bytes] + held
            }
            return [datagram.bytes]
        }
        #expect(pair.isConnected)
        #expect(pair.clientEvents.count >= 2)
        #expect(pair.clientEvents.dropFirst().first == .applicationData([9, 9]))
    }

    @Test func whatNobodyPollsIsBounded() {
        let pair = DTLSPair()
        pair.run()
        for _ in 0..<200 { #expect(pair.send([1], fromClient: true)) }
        #expect(pair.client.counters.unsentDatagrams == UInt64(200 - DTLSLimits.outgoingMax))
        while let bytes = DTLSPair.poll(&pair.client) { pair.deliver(bytes, fromClient: true) }
        #expect(
            pair.server.counters.unpolledData
                == UInt64(DTLSLimits.outgoingMax - DTLSLimits.eventsMax))
    }

    @Test func aDatagramThatDoesNotFitThePlaceGivenIsDropped() {
        let pair = DTLSPair()
        let bytes = [UInt8](capacity: 20) { output in
            let isSent = pair.client.pollTransmit(into: &output)
            #expect(!isSent)
        }
        #expect(bytes.isEmpty)
        #expect(pair.client.counters.unsentDatagrams == 1)
        pair.run()
        #expect(pair.isConnected)
    }

    @Test func dtlsIsToldByItsFirstByte() {
        for first in UInt8(0)...255 {
            let bytes = [first, 0xFE]
            let isDTLS = DTLSEndpoint.isDTLS(bytes.span)
            #expect(isDTLS == (20...63).contains(first))
        }
        let nothing: [UInt8] = []
        let isDTLS = DTLSEndpoint.isDTLS(nothing.span)
        #expect(!isDTLS)
    }
}
