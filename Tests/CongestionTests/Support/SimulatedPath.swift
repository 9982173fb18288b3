// Flows that share one bottleneck, in virtual time.
// SPDX-License-Identifier: Apache-2.0
import NetworkImpairment
import Wire

@testable import Congestion

/// A bottleneck, the flows through it, and a clock.
final class SimulatedPath {
    /// How finely time passes; packets arrive to the nanosecond.
    static let tick = MediaDuration.milliseconds(5)

    private struct Flight {
        var flow: Int
        var sequence: UInt16
        var bytes: Int
        var sentAt: MediaInstant
        var at: MediaInstant
    }

    var link = LinkSettings()
    /// How long feedback takes.
    var returnDelay = MediaDuration.milliseconds(20)
    private(set) var flows: [SimulatedFlow] = []
    private(set) var now = MediaInstant.zero + .seconds(100)
    private(set) var queueLosses = 0
    private var impaired: ImpairedLink
    private var flights: [Flight] = []
    private var head = 0
    private var ticks = 0

    init(bitsPerSecond: Int64, seed: UInt64) {
        impaired = ImpairedLink(seed: seed)
        link.bitsPerSecond = bitsPerSecond
        link.delay = .milliseconds(20)
    }

    @discardableResult
    func add(_ offering: Offering, seed: UInt64) -> SimulatedFlow {
        let flow = SimulatedFlow(offering, seed: seed, at: now)
        flows.append(flow)
        return flow
    }

    /// Lets time pass.
    func run(seconds: Double) {
        for _ in 0..<Int(seconds * 200) { step() }
    }

    private func step() {
        now = now + Self.tick
        while head < flights.count, flights[head].at <= now {
            let flight = flights[head]
            head += 1
            flows[flight.flow].arrive(
                flight.sequence, bytes: flight.bytes, sentAt: flight.sentAt, at: flight.at)
        }
        if head > 1_024 {
            flights.removeFirst(head)
            head = 0
        }
        for index in flows.indices {
            flows[index].exchangeFeedback(
                delay: returnDelay, isLost: { link.blackout?.contains($0) == true }, at: now)
            flows[index].advance(to: now) { sequence, bytes in
                launch(index, sequence, bytes)
            }
        }
        ticks += 1
        if ticks % 20 == 0 { for flow in flows { flow.endStep() } }
    }

    private func launch(_ flow: Int, _ sequence: UInt16, _ bytes: Int) {
        // The link counts headers of its own; ours are in the size already.
        let verdict = impaired.decide(byteCount: bytes - 28, settings: link, at: now)
        if case .lost(.queueFull) = verdict { queueLosses += 1 }
        guard case .arrives(let at, _) = verdict else { return }
        var place = flights.count
        let flight = Flight(flow: flow, sequence: sequence, bytes: bytes, sentAt: now, at: at)
        while place > head, flights[place - 1].at > at { place -= 1 }
        flights.insert(flight, at: place)
    }
}

extension SimulatedFlow {
    /// Mean of a measure over the steps of a time, in bits a second.
    func mean(_ steps: [Int], from start: Double, to end: Double) -> Double {
        let range = Int(start * 10)..<min(Int(end * 10), steps.count)
        guard !range.isEmpty else { return 0 }
        return Double(steps[range].reduce(0, +)) * 80 / Double(range.count)
    }

    /// Mean estimate over a time.
    func meanEstimate(from start: Double, to end: Double) -> Double {
        let range = Int(start * 10)..<min(Int(end * 10), estimates.count)
        guard !range.isEmpty else { return 0 }
        return estimates[range].reduce(0, +) / Double(range.count)
    }

    /// The longest time, in seconds, in which half-second means of what was sent stay above `limit`.
    func longestExcess(over limit: Double, from start: Double, to end: Double) -> Double {
        var longest = 0
        var run = 0
        for index in max(Int(start * 10), 5)..<min(Int(end * 10), sent.count - 1) {
            let mean = Double(sent[(index - 4)...index].reduce(0, +)) * 16
            run = mean > limit ? run + 1 : 0
            longest = max(longest, run)
        }
        return Double(longest) / 10
    }

    /// When the estimate first reaches a rate after `start`, in seconds from there.
    func timeToReach(_ rate: Double, after start: Double) -> Double? {
        let first = Int(start * 10)
        for index in first..<estimates.count where estimates[index] >= rate {
            return Double(index - first + 1) / 10
        }
        return nil
    }
}
