// One recorded trace as the documents of other SDKs would tell it.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Testing

@testable import ClientSession

@Suite struct ProjectionTests {
    private func states(_ trace: MachineTrace, _ dialect: VendorDialect) -> [String] {
        trace.changes.compactMap { entry in
            entry.change.view(in: dialect).map { view in
                [view.state, view.reason, view.event].compactMap { $0 }.joined(separator: " ")
            }
        }
    }

    /// Joins, loses media, loses the signal, comes back resumed, restarted, and is sent away.
    private func eventfulTrace() throws -> MachineTrace {
        var trace = try joinedTrace("eventful")
        for time in stride(from: Int64(500), to: 3_300, by: 400) { trace.at(time, .heard) }
        trace.pass(to: 3_300)
        trace.at(3_400, .heard)
        trace.at(3_400, .mediaHeard)
        trace.at(4_000, .socketClosed)
        trace.at(4_020, .socketOpened)
        trace.at(4_040, .resumeRefused(.sessionNotFound))
        trace.at(4_100, .joined(canResume: true))
        trace.at(5_000, .disconnected(.kicked, rejoin: false))
        return trace
    }

    @Test("3.2 B06: the same trace, four views")
    func sameTrace() throws {
        let trace = try eventfulTrace()
        #expect(
            states(trace, .agora) == ["2 0", "3 1", "4 2", "3 15", "4 14", "3 15", "1 3"])
        #expect(
            states(trace, .neteaseFlutter) == ["2 5", "3 6", "4 8", "3 7", "4 9", "3 7", "1 3"])
        #expect(
            states(trace, .qiniu) == [
                "CONNECTING", "CONNECTED", "RECONNECTING", "RECONNECTED", "RECONNECTING",
                "RECONNECTED", "DISCONNECTED KICKED_OUT",
            ])
        #expect(
            states(trace, .neteaseWeb) == [
                "CONNECTING", "CONNECTED", "CONNECTING error:MEDIA_TRANSPORT_DISCONNECT",
                "CONNECTED", "CONNECTING error:SOCKET_ERROR", "CONNECTED",
                "DISCONNECTED client-banned",
            ])
        #expect(
            states(trace, .alibaba) == ["2 11", "3 9", "4 1", "3 3", "4 2", "3 3", "1 10"])
    }

    @Test("B11 B12 B13: four names only; reconnecting is CONNECTING, leaving is DISCONNECTING")
    func webNames() throws {
        var trace = try joinedTrace("leave")
        trace.at(1_000, .socketClosed)
        trace.at(1_020, .socketOpened)
        trace.at(1_040, .resumed)
        trace.at(2_000, .leave)
        trace.at(2_020, .leaveConfirmed)
        #expect(
            states(trace, .neteaseWeb) == [
                "CONNECTING", "CONNECTED", "CONNECTING error:SOCKET_ERROR", "CONNECTED",
                "DISCONNECTING", "DISCONNECTED",
            ])
    }

    @Test("B27: RELOGIN_ERROR is the end of all tries")
    func reloginError() throws {
        var trace = try joinedTrace("lost")
        trace.at(1_000, .socketClosed)
        trace.pass(to: 50_000)
        #expect(states(trace, .neteaseWeb).last == "DISCONNECTED error:RELOGIN_ERROR")
        #expect(states(trace, .agora).last == "5 16")
        #expect(states(trace, .neteaseFlutter).last == "5 4")
        #expect(states(trace, .qiniu).last == "DISCONNECTED ERROR")
    }

    @Test("B24 B25: a room that cannot be had is reason 10, a link that cannot be had 11")
    func joinFailures() throws {
        var lookup = try MachineTrace("no room")
        lookup.at(0, .join)
        lookup.at(10, .socketOpened)
        lookup.at(20, .joinRefused(.roomNotFound))
        #expect(states(lookup, .neteaseFlutter) == ["2 5", "5 10"])
        var link = try MachineTrace("no link")
        link.at(0, .join)
        link.at(10, .socketClosed)
        #expect(states(link, .neteaseFlutter) == ["2 5", "5 11"])
    }
}
