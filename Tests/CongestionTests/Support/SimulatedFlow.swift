// One sender with an estimator and a receiver that gives feedback, in virtual time.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import RTP
import Wire

@testable import Congestion

/// What a sender has to send.
enum Offering {
    /// As much as the estimate allows, in frames that vary by a fifth.
    case adaptable
    /// So many bits a second, whatever the estimate is.
    case fixed(Double)
    /// The largest of these layers that fits into the estimate, or none.
    case layers([Double])
}

/// A paced sender of sound and pictures, driven by an estimator.
final class SimulatedFlow {
    static let frameInterval = MediaDuration(nanoseconds: 33_333_333)
    static let audioBytes = 108
    static let packetBytes = 1_180
    static let paddingBytes = 320
    static let feedbackInterval = MediaDuration.milliseconds(50)

    var estimator = BandwidthEstimator()
    var offering: Offering
    /// Whether it has anything to send.
    var isActive = true
    private var pacer = Pacer()
    private var recorder = TransportFeedbackRecorder()
    private var probe: ProbeSender?
    private var random: SeededRandom
    private var sequence: UInt16 = 65_000
    private var queue: [Int] = []
    private var queueHead = 0
    private var queueBytes = 0
    private var nextFrame: MediaInstant
    private var nextAudio: MediaInstant
    private var nextFeedback: MediaInstant
    private var feedbackInFlight: [(at: MediaInstant, bytes: [UInt8])] = []

    /// Bytes sent and arrived, and the estimate, in steps of 100 ms.
    private(set) var sent: [Int] = [0]
    private(set) var arrived: [Int] = [0]
    private(set) var estimates: [Double] = []
    private(set) var queueDropped = 0
    private(set) var probesSent = 0
    private(set) var longestDelay = MediaDuration.zero
    private(set) var delays: [MediaDuration] = []

    init(_ offering: Offering, seed: UInt64, at now: MediaInstant) {
        self.offering = offering
        random = SeededRandom(seed: seed)
        let phase = MediaDuration(nanoseconds: Int64(random.next() % 33_000_000))
        nextFrame = now + phase
        nextAudio = now + phase
        nextFeedback = now + Self.feedbackInterval
        estimator.wanted = 5_000_000
    }

    private func fraction() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    var target: Double { estimator.target ?? 500_000 }

    /// Ends a step of 100 ms.
    func endStep() {
        sent.append(0)
        arrived.append(0)
        estimates.append(target)
    }

    /// Does what is due; what leaves is given to `send`.
    func advance(to now: MediaInstant, _ send: (_ sequence: UInt16, _ bytes: Int) -> Void) {
        estimator.advance(to: now)
        pacer.setEstimate(estimator.target)
        if probe == nil, let plan = estimator.takeProbe(at: now) {
            probe = ProbeSender(plan, at: now)
            probesSent += 1
        }
        while let sender = probe, sender.nextDue <= now, !sender.isDone(at: now) {
            leave(Self.paddingBytes, isPadding: true, at: now, send)
        }
        if let sender = probe, sender.isDone(at: now) { probe = nil }
        while nextAudio <= now {
            nextAudio = nextAudio + .milliseconds(20)
            if isActive { leave(Self.audioBytes, at: now, send) }
        }
        while nextFrame <= now {
            nextFrame = nextFrame + Self.frameInterval
            if isActive { makeFrame() }
        }
        while queueHead < queue.count, pacer.room(at: now) > 0 {
            let bytes = queue[queueHead]
            queueHead += 1
            queueBytes -= bytes
            leave(bytes, at: now, send)
        }
        if queueHead == queue.count {
            queue.removeAll(keepingCapacity: true)
            queueHead = 0
        }
    }

    private var mediaRate: Double {
        switch offering {
        case .adaptable: return max(0, target - 43_200)
        case .fixed(let rate): return rate
        case .layers(let layers): return layers.last { $0 + 43_200 <= target } ?? 0
        }
    }

    private func makeFrame() {
        var bytes = Int(mediaRate / 240 * (0.8 + 0.4 * fraction()))
        while bytes > 0 {
            let size = min(bytes, Self.packetBytes)
            bytes -= size
            // What would wait for more than a quarter of a second is not taken.
            if queueBytes + size > pacer.backlogMax {
                queueDropped += 1
                continue
            }
            queue.append(size)
            queueBytes += size
        }
    }

    private func leave(
        _ bytes: Int, isPadding: Bool = false, at now: MediaInstant,
        _ send: (_ sequence: UInt16, _ bytes: Int) -> Void
    ) {
        let number = isPadding ? probe?.plan.number : probe?.numberForMedia
        estimator.noteSent(sequence: sequence, bytes: bytes, probe: number ?? 0, at: now)
        pacer.noteSent(bytes: bytes, at: now)
        probe?.noteSent(bytes: bytes, isPadding: isPadding)
        sent[sent.count - 1] += bytes
        send(sequence, bytes)
        sequence &+= 1
    }

    /// A packet comes to the receiver.
    func arrive(_ sequence: UInt16, bytes: Int, sentAt: MediaInstant, at now: MediaInstant) {
        arrived[arrived.count - 1] += bytes
        let delay = now - sentAt
        delays.append(delay)
        longestDelay = max(longestDelay, delay)
        recorder.record(sequence: SequenceNumber(sequence), at: now + .seconds(77))
    }

    /// Lets the receiver give feedback and the sender take what has come.
    func exchangeFeedback(
        delay: MediaDuration, isLost: (MediaInstant) -> Bool, at now: MediaInstant
    ) {
        if nextFeedback <= now {
            nextFeedback = nextFeedback + Self.feedbackInterval
            while recorder.hasPending {
                let bytes = [UInt8](capacity: 1_200) { output in
                    _ = recorder.makeFeedback(
                        into: &output, senderSSRC: SSRC(1), mediaSSRC: SSRC(2))
                }
                guard !bytes.isEmpty else { break }
                if !isLost(now) { feedbackInFlight.append((now + delay, bytes)) }
            }
        }
        while let first = feedbackInFlight.first, first.at <= now {
            feedbackInFlight.removeFirst()
            deliver(first.bytes, at: now)
        }
    }

    func deliver(_ bytes: [UInt8], at now: MediaInstant) {
        var reader = RTCPReader()
        guard let packet = try? reader.next(in: bytes.span),
            let feedback = try? TransportFeedback(packet, in: bytes.span)
        else { return }
        estimator.receive(feedback, in: bytes.span, at: now)
    }
}
