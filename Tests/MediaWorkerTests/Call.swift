// Short words for what the tests of the worker say often.
// SPDX-License-Identifier: Apache-2.0
import MediaWorker
import Negotiation
import NetworkSimulation
import RTP
import Wire

extension VirtualCall {
    /// A client that sends audio in section 0 and video in section 1.
    func joinPublisher() throws -> VirtualClient {
        try join(sending: [ClientStream(kind: .audio), ClientStream(kind: .video)])
    }

    /// A publisher and receivers of one pair each, all connected, nothing shown yet.
    static func with(
        receivers: Int, seed: UInt64 = 7
    ) throws -> (call: VirtualCall, publisher: VirtualClient, receivers: [VirtualClient]) {
        let call = VirtualCall(seed: seed)
        let publisher = try call.joinPublisher()
        let others = try (0..<receivers).map { _ in try call.join(receivingPairs: 1) }
        precondition(call.connect(), "the call does not connect")
        call.run(for: .milliseconds(100))
        return (call, publisher, others)
    }

    /// Shows a publisher's audio and video in a receiver's first pair.
    func showPair(_ publisher: VirtualClient, to receiver: VirtualClient) {
        show(publisher, "0", in: "0", of: receiver)
        show(publisher, "1", in: "1", of: receiver)
    }

    /// The drops of one reason so far.
    func drops(_ reason: DropReason) -> UInt64 {
        worker.statistics.drops.first { $0.reason == reason.label }?.count ?? 0
    }

    /// The starts that were announced for a slot.
    func starts(of receiver: VirtualClient, mid: String) -> [(
        at: MediaInstant, source: SlotBinding, timestamp: UInt32
    )] {
        events.compactMap { entry in
            guard case .slotStarted(receiver.id, mid, let source, let timestamp) = entry.event
            else {
                return nil
            }
            return (entry.at, source, timestamp)
        }
    }
}

extension VirtualClient {
    /// When each PLI came.
    var pictureLosses: [MediaInstant] {
        control.compactMap { if case .pictureLoss = $0.content { $0.at } else { nil } }
    }

    /// The sender reports on one slot.
    func senderReports(mid: String) -> [(at: MediaInstant, report: SenderReport)] {
        let ssrc = slotSSRC(mid: mid)
        return control.compactMap { entry in
            guard case .senderReport(let report) = entry.content, report.ssrc == ssrc else {
                return nil
            }
            return (entry.at, report)
        }
    }
}

extension VirtualClient {
    /// The bounds of all it sends that it was told by REMB.
    var bounds: [ReceivedControl] {
        control.filter { if case .maximumBitrate = $0.content { true } else { false } }
    }
}
