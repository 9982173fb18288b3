// The states of a connection as the documents describe them, and the clock of a break.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing
import Wire

@testable import ClientSession

@Suite struct ConnectionStateTests {
    @Test("B01 B07: disconnected before joining and after leaving")
    func beforeAndAfter() throws {
        #expect(try MachineTrace("fresh").phase == .disconnected)
        var trace = try joinedTrace("leaves")
        trace.at(1_000, .leave)
        trace.at(1_020, .leaveConfirmed)
        #expect(trace.phase == .disconnected)
        #expect(trace.history.last == "disconnected:left")
    }

    @Test("B02 B08 B19: connecting right after join is called, for joinRequested")
    func connecting() throws {
        var trace = try MachineTrace("join")
        #expect(trace.at(0, .join) == ["disconnected>connecting:joinRequested", "openSocket"])
        #expect(trace.phase == .connecting)
    }

    @Test("B03 B20 C04: connected when the server has let the client in, for joined")
    func connected() throws {
        var trace = try MachineTrace("join")
        trace.at(0, .join)
        #expect(trace.at(10, .socketOpened) == ["sendJoin"])
        #expect(trace.phase == .connecting)
        #expect(trace.at(20, .joined(canResume: true)) == ["connecting>connected:joined"])
    }

    @Test("C03 C17 C19 C20: join is refused in every state but disconnected, and changes nothing")
    func joinTwice() throws {
        func refuses(_ trace: inout MachineTrace, at time: Int64) {
            let before = trace.phase
            trace.at(time, .join)
            #expect(trace.steps.last?.refused == true)
            #expect(trace.phase == before)
        }
        var trace = try MachineTrace("join")
        trace.at(0, .join)
        refuses(&trace, at: 1)
        trace.at(10, .socketOpened)
        trace.at(20, .joined(canResume: true))
        refuses(&trace, at: 30)
        trace.at(40, .socketClosed)
        #expect(trace.phase == .reconnecting)
        refuses(&trace, at: 41)
        trace.at(50, .socketOpened)
        trace.at(60, .resumed)
        trace.at(70, .leave)
        #expect(trace.phase == .leaving)
        refuses(&trace, at: 71)
        trace.at(80, .leaveConfirmed)
        trace.at(90, .join)
        #expect(trace.phase == .connecting)
    }

    @Test("C19: leaving twice, or without having joined, does nothing")
    func leaveTwice() throws {
        var trace = try MachineTrace("leave")
        #expect(trace.at(0, .leave).isEmpty)
        var joined = try joinedTrace("leave")
        #expect(joined.at(1_000, .leave) == ["connected>leaving:left", "sendLeave"])
        #expect(joined.at(1_001, .leave).isEmpty)
    }

    @Test("B13 B15 B26 C08 C22: leaving while leave is under way, then disconnected for left")
    func leaving() throws {
        var trace = try joinedTrace("leave")
        trace.at(1_000, .leave)
        #expect(trace.phase == .leaving)
        trace.at(1_030, .leaveConfirmed)
        #expect(Array(trace.history.suffix(2)) == ["leaving:left", "disconnected:left"])
        // A server that says nothing holds nobody.
        var silent = try joinedTrace("leave")
        silent.at(1_000, .leave)
        silent.pass(to: 1_999)
        #expect(silent.phase == .leaving)
        silent.pass(to: 2_000)
        #expect(silent.phase == .disconnected)
    }

    @Test("B04 B09 B14 B22: a broken signalling link is mended by the client itself")
    func signalLost() throws {
        var trace = try joinedTrace("break")
        #expect(
            trace.at(1_000, .socketClosed)
                == ["connected>reconnecting:signalLost", "closeSocket", "openSocket"])
        #expect(trace.lost == .signal)
        #expect(trace.at(1_020, .socketOpened) == ["sendResume"])
        #expect(trace.at(1_040, .resumed) == ["reconnecting>connected:resumed"])
    }

    @Test("B10 B21: back again is told as a reason of connected, resumed or restarted")
    func rejoined() throws {
        var trace = try joinedTrace("restart")
        trace.at(1_000, .socketClosed)
        trace.at(1_020, .socketOpened)
        #expect(
            trace.at(1_040, .resumeRefused(.sessionNotFound)) == ["endMedia", "sendJoin"])
        #expect(trace.phase == .reconnecting)
        #expect(
            trace.at(1_100, .joined(canResume: true)) == ["reconnecting>connected:restarted"])
    }

    @Test("B23: media that is silent for 3 s is restarted, and not before")
    func mediaLost() throws {
        var trace = try joinedTrace("media")
        for time in stride(from: Int64(500), to: 3_299, by: 400) { trace.at(time, .heard) }
        trace.pass(to: 3_299)
        #expect(trace.phase == .connected)
        trace.pass(to: 3_300)
        #expect(trace.steps.last?.out == ["connected>reconnecting:mediaLost", "restartMedia"])
        #expect(trace.lost == .media)
        trace.at(3_500, .heard)
        #expect(trace.at(3_600, .mediaHeard) == ["reconnecting>connected:resumed"])
    }

    @Test("3.3: three pings without an answer, 3 s of silence, are a lost link")
    func silence() throws {
        var trace = try joinedTrace("silence")
        trace.passInHealth(from: 500, to: 5_000)
        // Heard last at 4,500.
        trace.pass(to: 7_499)
        #expect(trace.phase == .connected)
        trace.pass(to: 7_500)
        #expect(trace.moment(.reconnecting, .signalLost) == 7_500)
        #expect(trace.lost == .both)
    }

    @Test("3.3: tries at once, then after 0.3, 1.2, 2.7, 4.8 and 7 s, and up to a fifth more")
    func pauses() throws {
        #expect(
            (1...7).map(SessionTiming.pauseMilliseconds) == [
                0, 300, 1_200, 2_700, 4_800, 7_000, 7_000,
            ])
        for seed in 1...50 {
            var trace = try joinedTrace(
                "pauses", configuration: .init(windowMilliseconds: 50_000, jitterSeed: UInt32(seed))
            )
            trace.at(1_000, .socketClosed)
            var failedAt: Int64 = 1_000
            for pause in [300, 1_200, 2_700, 4_800, 7_000, 7_000] as [Int64] {
                failedAt = max(failedAt, 1_000) + 10
                trace.at(failedAt, .socketClosed)
                let before = trace.steps.count
                trace.pass(to: failedAt + pause - 1)
                #expect(trace.steps[before...].allSatisfy { !$0.out.contains("openSocket") })
                let later = trace.steps.count
                trace.pass(to: failedAt + pause + pause / 5)
                let opening = trace.steps[later...].first { $0.out.contains("openSocket") }
                failedAt = try #require(opening?.at)
            }
        }
    }

    @Test("B05 B18 B27: nothing helps until the window ends: disconnected for reconnectTimedOut")
    func window() throws {
        for window in [30_000, 45_000, 50_000] as [Int64] {
            var trace = try joinedTrace("window", configuration: .init(windowMilliseconds: window))
            trace.at(1_000, .socketClosed)
            trace.pass(to: 1_000 + window - 1)
            #expect(trace.phase == .reconnecting)
            trace.pass(to: 1_000 + window)
            #expect(trace.history.last == "disconnected:reconnectTimedOut")
            #expect(trace.changes.last?.change.reason.isFailure == true)
            // No more retry.
            #expect(trace.nextDeadline == nil)
        }
    }

    @Test("B05: a window of 30 to 50 s is allowed, 29 and 51 are refused")
    func windowRange() throws {
        for seconds in [29, 51, 0, -1, Int64.max / 1_000] as [Int64] {
            var timing = SessionTiming()
            timing.window = .seconds(seconds)
            #expect(throws: SignalingError.self) {
                try SessionMachine(timing: timing, jitterSeed: 1)
            }
        }
        for seconds in [30, 45, 50] as [Int64] {
            var timing = SessionTiming()
            timing.window = .seconds(seconds)
            _ = try SessionMachine(timing: timing, jitterSeed: 1)
        }
        #expect(SessionTiming().window == .seconds(45))
    }

    @Test("3.3: the window begins with the first loss and is not made longer by others")
    func windowStands() throws {
        var trace = try joinedTrace("window")
        trace.at(1_000, .socketClosed)
        trace.at(20_000, .networkChanged)
        trace.at(20_010, .socketOpened)
        trace.at(20_020, .resumed)
        // The media is still lost, so the break goes on.
        #expect(trace.phase == .reconnecting)
        trace.at(21_000, .socketClosed)
        trace.pass(to: 60_000)
        #expect(trace.moment(.disconnected, .reconnectTimedOut) == 46_000)
    }

    @Test(
        "B16 B17 V05 V06 C30 T06: the server's word ends it, and nothing is tried any more",
        arguments: [
            (DisconnectReason.kicked, ChangeReason.kicked), (.roomClosed, .roomClosed),
            (.duplicateIdentity, .duplicateIdentity), (.tokenExpired, .tokenExpired),
            (.serverShutdown, .serverShutdown),
        ])
    func ended(told: DisconnectReason, reason: ChangeReason) throws {
        var trace = try joinedTrace("ended")
        trace.at(1_000, .disconnected(told, rejoin: false))
        #expect(trace.history.last == "disconnected:\(reason.rawValue)")
        #expect(trace.nextDeadline == nil)
        #expect(reason.isFailure == ![ChangeReason.kicked, .roomClosed].contains(reason))
    }

    @Test(
        "3.3: a client that was away when it was sent away is told when it comes back",
        arguments: [
            (ErrorCode.kicked, ChangeReason.kicked), (.banned, .kicked), (.roomClosed, .roomClosed),
            (.duplicateIdentity, .duplicateIdentity), (.tokenExpired, .tokenExpired),
        ])
    func endedWhileAway(code: ErrorCode, reason: ChangeReason) throws {
        var trace = try joinedTrace("away")
        trace.at(1_000, .socketClosed)
        trace.at(1_020, .socketOpened)
        trace.at(1_040, .resumeRefused(code))
        #expect(trace.history.last == "disconnected:\(reason.rawValue)")
    }

    @Test(
        "C21 C28 C29 B25: why joining failed",
        arguments: [
            (ErrorCode.tokenRequired, ChangeReason.tokenRequired),
            (.tokenSignatureInvalid, .tokenInvalid), (.tokenExpired, .tokenExpired),
            (.permissionDenied, .permissionDenied), (.roomFull, .roomFull),
            (.roomNotFound, .roomNotFound), (.duplicateIdentity, .duplicateIdentity),
            (.invalidRoomName, .invalidArgument), (.serverOverloaded, .serverUnavailable),
        ])
    func joinFailed(code: ErrorCode, reason: ChangeReason) throws {
        var trace = try MachineTrace("join")
        trace.at(0, .join)
        trace.at(10, .socketOpened)
        trace.at(20, .joinRefused(code))
        #expect(trace.history == ["connecting:joinRequested", "disconnected:\(reason.rawValue)"])
        var unreachable = try MachineTrace("join")
        unreachable.at(0, .join)
        unreachable.at(10, .socketClosed)
        #expect(unreachable.history.last == "disconnected:linkFailed")
        var silent = try MachineTrace("join")
        silent.at(0, .join)
        silent.pass(to: 10_000)
        #expect(silent.history.last == "disconnected:joinTimedOut")
        #expect(silent.changes.last?.at == 10_000)
    }

    @Test("3.3: a server that goes and comes is followed by the client itself")
    func serverMoved() throws {
        var trace = try joinedTrace("moved")
        trace.at(1_000, .disconnected(.serverShutdown, rejoin: true))
        #expect(trace.history.last == "reconnecting:serverMoved")
        trace.at(1_001, .socketClosed)
        trace.pass(to: 1_400)
        #expect(trace.at(1_400, .socketOpened) == ["endMedia", "sendJoin"])
        trace.at(1_450, .joined(canResume: true))
        #expect(trace.history.last == "connected:restarted")
    }

    @Test("3.3: a machine that slept judges its links by what it hears now")
    func sleep() throws {
        var trace = try joinedTrace("sleep")
        trace.passInHealth(from: 500, to: 2_000)
        trace.step(600_000, .advance)
        #expect(trace.phase == .connected)
        #expect(trace.steps.last?.out == ["sendPing"])
        trace.pass(to: 604_000)
        #expect(trace.history.last == "reconnecting:signalLost")
    }
}
