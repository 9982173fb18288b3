// Settings of the engine by name, and what the SDK needs of the system.
// SPDX-License-Identifier: Apache-2.0
import ClientMedia
import MediaCodecs
import Negotiation
import Testing
import Wire

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct ParameterTests {
    private func refusal(_ json: String) -> Int? {
        var parameters = RoomParameters()
        do { try parameters.merge(json: json) } catch { return error.code }
        return nil
    }

    @Test func G08_whatJSONNamesIsChangedAndTheRestStays() throws {
        var parameters = try RoomParameters(json: "{\"redundantAudio\": false}")
        #expect(!parameters.redundantAudio && parameters.ipv6)
        try parameters.merge(json: "{\"soundDelayMinMilliseconds\": 60, \"ipv6\": false}")
        #expect(!parameters.redundantAudio && !parameters.ipv6)
        #expect(parameters.soundDelayMinMilliseconds == 60)
        #expect(try RoomParameters(json: parameters.json) == parameters)
        try parameters.merge(
            json: "{\"redundantAudio\": null, \"soundDelayMinMilliseconds\": null}")
        #expect(parameters.redundantAudio && parameters.soundDelayMinMilliseconds == 20)
        try parameters.merge(json: "{}")
    }

    @Test func G08_whatIsUnknownOrCannotBeIsRefusedAndNothingChanges() throws {
        #expect(refusal("{\"redundantAudoi\": false}") == 6013)
        #expect(refusal("{\"ipv6\": false, \"che.video.x\": {\"a\": 1}}") == 6013)
        for text in [
            "", "{", "[]", "7", "null", "{\"ipv6\": 1}", "{\"startBitsPerSecond\": \"fast\"}",
            "{\"startBitsPerSecond\": 1}", "{\"startBitsPerSecond\": 1e300}",
            "{\"soundDelayMinMilliseconds\": 501}", "{\"soundDelayMaxMilliseconds\": 1001}",
            "{\"expectedAudioLossPercent\": -1}", String(repeating: "[", count: 9_999),
            String(repeating: " ", count: 20_000),
        ] {
            #expect(refusal(text) == 1004, "\(text.prefix(40))")
        }
        var parameters = RoomParameters()
        #expect(throws: MartletError.self) {
            try parameters.merge(json: "{\"ipv6\": false, \"startBitsPerSecond\": 1}")
        }
        #expect(parameters == RoomParameters())
    }

    @Test func G08_G09_aRoomHasItsParametersAndTheyAct() async throws {
        try await withServer { server in
            let room = anyRoom()
            #expect(try await room.parameters == RoomParameters())
            try await room.setParameters(
                json: "{\"redundantAudio\": false, \"ipv6\": false, \"startBitsPerSecond\": 900000}"
            )
            try await room.join(JoinOptions(server: server, room: "demo", participant: "ada"))
            try await room.setParameters(
                json: "{\"soundDelayMinMilliseconds\": 140, \"expectedAudioLossPercent\": 0}")
            let error = await #expect(throws: MartletError.self) {
                try await room.setParameters(json: "{\"no.such\": 1}")
            }
            #expect(error?.code == 6013)
            let found = try await room.parameters
            #expect(!found.redundantAudio && found.soundDelayMinMilliseconds == 140)
            let other = anyRoom()
            try await other.join(JoinOptions(server: server, room: "demo", participant: "bob"))
            let source = try AudioSource()
            try await other.localParticipant.publish(source)
            let pushing = Task { await push(440, into: source) }
            defer { pushing.cancel() }
            let mixed = try await room.mixedAudio()
            _ = try await first(of: mixed) {
                $0.samples.contains { abs(Int($0)) > 3_000 } ? 1 : nil
            }
            let track = try #require(await room.remoteParticipants.first?.track(.microphone))
            let statistics = try #require(await room.statistics(of: track))
            #expect(statistics.soundDelay >= .milliseconds(140))
            await other.leave()
            await room.leave()
            #expect(try await room.parameters == found)
        }
    }

    @Test func G08_whatActsWithAJoinIsInTheOffer() async throws {
        var parameters = RoomParameters()
        var random = SeededRandom(seed: 1)
        let fingerprint = try ClientIdentity.made.get().fingerprint
        func offer() -> String {
            MediaSettings().offer(
                parameters: parameters, fingerprint: fingerprint, using: &random
            ).text
        }
        #expect(offer().contains("red/48000"))
        parameters.redundantAudio = false
        #expect(!offer().contains("red/48000"))
    }

    @Test func G11_theKernelsVersionIsRead() {
        for (release, version) in [
            ("6.1.0-18-amd64", KernelVersion(6, 1)),
            ("3.10.0-1160.el7.x86_64", KernelVersion(3, 10)),
            ("5.15-rc1", KernelVersion(5, 15)), ("4.4", KernelVersion(4, 4)),
            ("6.6.87.2-microsoft-standard-WSL2", KernelVersion(6, 6)),
        ] {
            #expect(KernelVersion(release: release) == version)
        }
        for release in ["", "6", "linux", "6.x", ".5", "-1.2", "6..1", "99999999.1", "６.1"] {
            #expect(KernelVersion(release: release) == nil, "\(release)")
        }
        #expect(
            KernelVersion(3, 9) < KernelVersion(3, 17) && KernelVersion(3, 17) < KernelVersion(4, 0)
        )
    }

    @Test func G11_aKernelThatIsTooOldIsRefusedByNameAndOthersAreTaken() throws {
        let error = #expect(throws: MartletError.self) {
            try PlatformRequirement.check(release: "3.10.0-1160.el7.x86_64")
        }
        #expect(error?.code == 6011 && error?.message.contains("3.10") == true)
        #expect(error?.message.contains("3.17") == true)
        for release in ["3.17.0", "6.1.0", "4.0", "somethingElse"] {
            try PlatformRequirement.check(release: release)
        }
        try PlatformRequirement.checked.get()
    }
}
