// That oneself is known from joining to leaving, with what one publishes, in this process and in one of its own.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Signaling
import Testing

@testable import Martlet

@Suite(.serialized, .timeLimit(.minutes(1))) struct LocalParticipantTests {
    private static func room(_ isIsolated: Bool) -> Room {
        Room(isolation: isIsolated ? .process() : .inProcess)
    }

    /// Waits until oneself is told to be another.
    private static func change(_ events: AsyncStream<RoomEvent>) async throws {
        _ = try await first(of: events) { event in
            if case .localParticipantUpdated = event { true } else { nil }
        }
    }

    @Test(arguments: [false, true])
    func C07_C18_R03_whoOneIs(isIsolated: Bool) async throws {
        try await withServer { server in
            let room = Self.room(isIsolated)
            let me = room.localParticipant
            #expect(me.id == nil && me.name == nil && me.metadata == nil && me.role == nil)
            #expect(me.attributes.isEmpty)
            #expect(await errorCode { try await me.update(name: "Ada") } == 1005)
            #expect(await errorCode { try await me.setRole(.audience) } == 1005)
            #expect(await errorCode { try await me.sendMessage("?") } == 1005)
            #expect(await errorCode { _ = try await me.openDataStream() } == 1005)
            let (changes, roles) = (room.events, room.events)
            var options = Martlet.JoinOptions(
                server: server, room: "demo", participant: "ada", name: "Ada")
            options.metadata = "{}"
            options.attributes = ["seat": "4", "hand": "down"]
            try await room.join(options)
            #expect(me.id == "ada" && me.name == "Ada" && me.metadata == "{}" && me.role == .host)
            #expect(me.attributes == ["seat": "4", "hand": "down"])
            try await me.update(name: "Ada L.", attributes: ["hand": "up", "seat": nil])
            try await Self.change(changes)
            #expect(me.name == "Ada L." && me.metadata == "{}" && me.attributes == ["hand": "up"])
            #expect(
                await errorCode { try await me.update(name: String(repeating: "a", count: 257)) }
                    == 1008)
            let publication = try await me.publish(try AudioSource())
            try await me.setRole(.audience)
            let isAudience = try await first(of: roles) { event in
                if case .roleChanged(let isAudience) = event { isAudience } else { nil }
            }
            #expect(isAudience && me.role == .audience)
            // It comes back with the role.
            #expect(await me.publications.first === publication)
            await room.leave()
            #expect(me.id == nil && me.name == nil && me.role == nil && me.attributes.isEmpty)
            // Whom the server chooses a name for knows it.
            try await room.join(Martlet.JoinOptions(server: server, room: "demo"))
            #expect(me.id != nil && me.id != "ada" && me.name == nil && me.role == .host)
            await room.leave()
        }
    }

    @Test(arguments: [false, true])
    func P01_P02_whatOnePublishesIsThereUntilItIsTakenBack(isIsolated: Bool) async throws {
        try await withServer { server in
            let room = Self.room(isIsolated)
            let me = room.localParticipant
            #expect(await me.publications.isEmpty)
            #expect(await errorCode { try await me.publish(try AudioSource()) } == 1005)
            var options = Martlet.JoinOptions(server: server, room: "demo", participant: "ada")
            options.customPictures = 1
            try await room.join(options)
            let microphone = try await me.publish(try AudioSource())
            let picture = try await me.publish(try VideoSource(), as: .custom)
            let screen = try await me.publish(try EncodedVideoSource(codec: .vp8), as: .screen)
            let all = await me.publications
            try #require(all.map(\.source) == [.microphone, .custom, .screen])
            #expect(all[0] === microphone && all[1] === picture && all[2] === screen)
            #expect(await me.publication(.custom) === picture)
            #expect(await me.publication(.camera) == nil)
            // What is refused is not published.
            #expect(await errorCode { try await me.publish(try AudioSource()) } == 4005)
            #expect(await me.publications.count == 3)

            try await microphone.unpublish()
            #expect(await me.publications.map(\.source) == [.custom, .screen])
            let other = try await me.publish(try AudioSource())
            // What was taken back has nothing to do with what took its place.
            #expect(await errorCode { try await microphone.unpublish() } == 4004)
            #expect(await errorCode { try await microphone.setMuted(true) } == 4004)
            #expect(await me.publication(.microphone) === other && !other.isMuted)
            #expect(await me.publications.map(\.source) == [.custom, .screen, .microphone])

            await room.leave()
            #expect(await me.publications.isEmpty)
            try await room.join(options)
            #expect(await me.publications.isEmpty)
            try await me.publish(try AudioSource())
            #expect(await me.publications.map(\.source) == [.microphone])
            await room.leave()
        }
    }

    @Test(arguments: [false, true])
    func R04_R08_whatOneMayDoIsKnownAndKeptUpToDate(isIsolated: Bool) async throws {
        try await withTokenServer { server in
            let room = Self.room(isIsolated)
            let me = room.localParticipant
            #expect(me.permissions == nil && !me.canPublish(.camera))
            let few = TokenGrants(
                publish: TrackSourceSet(.camera), subscribe: false, data: false, changeRole: false,
                updateSelf: true)
            try await room.join(
                Martlet.JoinOptions(server: server, room: "demo", token: try token(few)))
            let fewer = try #require(me.permissions)
            #expect(fewer.publish == [.camera] && !fewer.subscribe && !fewer.data)
            #expect(!fewer.changeRole && fewer.updateSelf && !fewer.admin && !fewer.hidden)
            #expect(me.canPublish(.camera) && !me.canPublish(.microphone))
            #expect(await errorCode { try await me.publish(try AudioSource()) } == 2009)

            let events = room.events
            try await room.renewToken(try token(TokenGrants(admin: true)))
            _ = try await first(of: events) { $0.isPermissionsChange ? true : nil }
            // It is so from the event on.
            let more = try #require(me.permissions)
            #expect(more.publish == Set(Martlet.TrackSource.allCases) && more.subscribe)
            #expect(more.data && more.changeRole && more.admin && !more.updateSelf)
            #expect(me.canPublish(.microphone))
            let roles = room.events
            try await me.setRole(.audience)
            _ = try await first(of: roles) { if case .roleChanged = $0 { true } else { nil } }
            #expect(!me.canPublish(.microphone) && me.permissions == more)
            try await me.setRole(.host)
            let hidden = room.events
            try await room.renewToken(try token(TokenGrants(hidden: true)))
            _ = try await first(of: hidden) { $0.isPermissionsChange ? true : nil }
            #expect(me.permissions?.hidden == true && !me.canPublish(.microphone))
            await room.leave()
            #expect(me.permissions == nil)
        }
    }

    @Test(arguments: [false, true])
    func whatTheServerTakesBackIsNotPublishedAnyMore(isIsolated: Bool) async throws {
        try await withTokenServer { server in
            let room = Self.room(isIsolated)
            let me = room.localParticipant
            try await room.join(
                Martlet.JoinOptions(server: server, room: "demo", token: try token()))
            let microphone = try await me.publish(try AudioSource())
            try await me.publish(try VideoSource())
            let events = room.events
            try await room.renewToken(try token(TokenGrants(publish: TrackSourceSet(.microphone))))
            _ = try await first(of: events) { event in
                if case .publishStateChanged(.camera, _, .unpublished) = event {
                    true
                } else {
                    nil
                }
            }
            let left = await me.publications
            #expect(left.count == 1 && left.first === microphone)
            #expect(await errorCode { try await me.publish(try VideoSource()) } == 2009)
            #expect(await me.publications.count == 1)
            #expect(await errorCode { try await me.update(name: "Eve") } == 2009)
            await room.leave()
        }
    }
}

extension RoomEvent {
    fileprivate var isPermissionsChange: Bool {
        if case .permissionsChanged = self { true } else { false }
    }
}
