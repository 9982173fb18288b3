// Traces of the session's state machine: what went in, what came out, and where it then stood.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import ClientSession

/// A machine that is driven as an SDK drives it, and all that it was seen to do.
struct MachineTrace: Encodable {
    /// What a trace changes of the defaults.
    struct Configuration: Encodable {
        var windowMilliseconds: Int64 = 45_000
        var watchesMedia = true
        var jitterSeed: UInt32 = 7
    }

    /// One input and its consequences.
    struct Step: Encodable {
        var at: Int64
        var input: TraceInput
        var out: [String]
        var refused: Bool?
        var state: ConnectionPhase
        var reason: ChangeReason
        var attempt: Int
        var lost: LostLink?
        var next: Int64?
    }

    let name: String
    let configuration: Configuration
    private(set) var steps: [Step] = []
    private(set) var changes: [(at: Int64, change: ConnectionChange)] = []
    private var machine: SessionMachine

    private enum CodingKeys: String, CodingKey { case name, configuration, steps }

    init(_ name: String, configuration: Configuration = Configuration()) throws {
        self.name = name
        self.configuration = configuration
        var timing = SessionTiming()
        timing.window = .milliseconds(configuration.windowMilliseconds)
        timing.watchesMedia = configuration.watchesMedia
        machine = try SessionMachine(timing: timing, jitterSeed: configuration.jitterSeed)
    }

    var phase: ConnectionPhase { machine.phase }
    var lost: LostLink? { machine.lostLink }
    var attempt: Int { machine.attempt }
    var nextDeadline: Int64? { machine.nextDeadline?.milliseconds }

    /// Lets time pass, stopping at each deadline, and then hands in what happened.
    /// - Returns: What was to be done because of it.
    @discardableResult
    mutating func at(_ milliseconds: Int64, _ input: SessionMachine.Input) -> [String] {
        pass(to: milliseconds)
        return step(milliseconds, input)
    }

    /// Lets time pass, stopping at each deadline.
    /// - Returns: Everything that was to be done meanwhile.
    @discardableResult
    mutating func pass(to milliseconds: Int64) -> [String] {
        var all: [String] = []
        while let due = nextDeadline, due <= milliseconds { all += step(due, .advance) }
        return all
    }

    /// Lets time pass with both links well: something is heard each half second.
    mutating func passInHealth(from start: Int64, to end: Int64) {
        var now = start
        while now < end {
            at(now, .heard)
            at(now, .mediaHeard)
            now += 500
        }
    }

    /// Hands in an input, late or not.
    @discardableResult
    mutating func step(_ milliseconds: Int64, _ input: SessionMachine.Input) -> [String] {
        let now = MediaInstant(nanoseconds: milliseconds * 1_000_000)
        var refused: Bool?
        do { try machine.handle(input, at: now) } catch { refused = true }
        var out: [String] = []
        while let action = machine.pollAction() {
            if case .changed(let change) = action {
                changes.append((milliseconds, change))
                out.append(
                    "\(change.from.rawValue)>\(change.to.rawValue):\(change.reason.rawValue)")
            } else {
                out.append("\(action)")
            }
        }
        steps.append(
            Step(
                at: milliseconds, input: TraceInput(input), out: out, refused: refused,
                state: machine.phase, reason: machine.reason, attempt: machine.attempt,
                lost: machine.lostLink, next: nextDeadline))
        return out
    }

    /// The states and reasons since the beginning, as `state:reason`.
    var history: [String] {
        changes.map { "\($0.change.to.rawValue):\($0.change.reason.rawValue)" }
    }

    /// When it moved to a state for a reason, the last time.
    func moment(_ to: ConnectionPhase, _ reason: ChangeReason) -> Int64? {
        changes.last { $0.change.to == to && $0.change.reason == reason }?.at
    }
}

/// An input as the file of traces spells it.
struct TraceInput: Encodable {
    var type: String
    var canResume: Bool?
    var code: Int?
    var reason: String?
    var rejoin: Bool?

    init(_ input: SessionMachine.Input) {
        type = "\(input)".split(separator: "(").first.map(String.init) ?? ""
        switch input {
        case .joined(let canResume): self.canResume = canResume
        case .joinRefused(let code), .resumeRefused(let code): self.code = code.rawValue
        case .disconnected(let reason, let rejoin):
            self.reason = reason.rawValue
            self.rejoin = rejoin
        default: break
        }
    }
}

extension MediaInstant {
    /// The whole milliseconds since the clock's start; every moment of a trace is one.
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// A client that joined at 100 ms and whose media was heard at 300 ms.
func joinedTrace(
    _ name: String, configuration: MachineTrace.Configuration = .init(), canResume: Bool = true
) throws -> MachineTrace {
    var trace = try MachineTrace(name, configuration: configuration)
    trace.at(0, .join)
    trace.at(40, .socketOpened)
    trace.at(100, .heard)
    trace.at(100, .joined(canResume: canResume))
    if configuration.watchesMedia { trace.at(300, .mediaHeard) }
    return trace
}
