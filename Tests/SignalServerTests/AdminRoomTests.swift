// Rooms and participants over the admin interface, as a backend and those in the rooms see it.
// SPDX-License-Identifier: Apache-2.0
import Rooms
import Signaling
import Testing
import Wire

@testable import SignalServer

@Suite(.timeLimit(.minutes(1)))
struct AdminRoomTests {
    // MARK: Rooms

    @Test func V07_aRoomIsMadeWithOptionsOfItsOwn() async throws {
        try await withServer { server in
            let made = try await server.admin(
                "POST", "/v1/rooms",
                """
                {"name":"daily","participantsMax":1,"metadata":"m","profile":"communication",
                "refusesDuplicates":true,"somethingNew":[1,{"a":null}]}
                """)
            #expect(made.status == 201)
            #expect(made.header("location") == "/v1/rooms/daily")
            #expect(made.header("cache-control") == "no-store")
            let room = try made.decoded(RoomDescription.self)
            #expect(room.name.text == "daily" && room.participantsMax == 1)
            #expect(room.metadata?.text == "m" && room.profile == .communication)
            try await withClient(server) { client in
                let joined = try await client.join("daily", as: "ada")
                #expect(joined.room.metadata?.text == "m")
                try await withClient(server) { other in
                    try await other.expectRefused(.roomFull, "daily")
                    let again = JoinRequest(
                        room: try RoomName("daily"), participant: try ParticipantID("ada"),
                        offer: .plain(TestOffer.sdk()))
                    try await other.send(.join(other.nextID(), again))
                    guard case .error(let error) = try await other.next() else {
                        throw TestFailure("no error")
                    }
                    #expect(error.code == .duplicateIdentity)
                }
            }
        }
    }

    @Test func V07_aRoomIsMadeOnceAndAgainWhenItHasClosed() async throws {
        try await withServer { server in
            let body = #"{"name":"daily"}"#
            #expect(try await server.admin("POST", "/v1/rooms", body).status == 201)
            expectRefusal(try await server.admin("POST", "/v1/rooms", body), .roomExists)
            #expect(try await server.admin("DELETE", "/v1/rooms/daily").status == 204)
            expectRefusal(try await server.admin("GET", "/v1/rooms/daily"), .roomNotFound)
            expectRefusal(try await server.admin("DELETE", "/v1/rooms/daily"), .roomNotFound)
            #expect(try await server.admin("POST", "/v1/rooms", body).status == 201)
            // A room that somebody's join has made is there as well.
            try await withClient(server) { client in
                try await client.join("other")
                expectRefusal(
                    try await server.admin("POST", "/v1/rooms", #"{"name":"other"}"#), .roomExists)
            }
        }
    }

    @Test func C15_V07_aRoomNobodyEntersClosesAfterItsOwnTime() async throws {
        try await withServer { server in
            let started = ContinuousClock.now
            _ = try await server.admin("POST", "/v1/rooms", #"{"name":"brief","emptySeconds":1}"#)
            _ = try await server.admin("POST", "/v1/rooms", #"{"name":"usual"}"#)
            var answer = try await server.admin("GET", "/v1/rooms/brief")
            while answer.status == 200, ContinuousClock.now - started < .seconds(20) {
                try await Task.sleep(for: .milliseconds(50))
                answer = try await server.admin("GET", "/v1/rooms/brief")
            }
            expectRefusal(answer, .roomNotFound)
            #expect(ContinuousClock.now - started >= .seconds(1))
            #expect(try await server.admin("GET", "/v1/rooms/usual").status == 200)
        }
    }

    @Test func V07_anOptionOutOfItsRangeIsNamedAndMakesNoRoom() async throws {
        try await withServer {
            $0.rooms.room.participantsMax = 50
        } _: { server in
            for (field, value) in [
                ("emptySeconds", "-1"), ("departureSeconds", "86401"),
                ("resumeSeconds", "9223372036854775807"), ("participantsMax", "51"),
                ("participantsMax", "0"), ("tracksPerParticipantMax", "-1"),
                ("dataStreamsPerUser", "101"), ("dataPacketBytesMax", "0"),
                ("dataPacketsPerSecond", "0"), ("dataBytesPerSecond", "1000000001"),
                ("roomDataPacketsPerSecond", "-5"),
            ] {
                let answer = try await server.admin(
                    "POST", "/v1/rooms", #"{"name":"daily","\#(field)":\#(value)}"#)
                expectRefusal(answer, .invalidArgument, "\(field) \(value)")
                #expect(answer.body.contains("`\(field)`"))
            }
            expectRefusal(try await server.admin("GET", "/v1/rooms/daily"), .roomNotFound)
        }
    }

    @Test func V08_roomsAreListedByNameAndInPages() async throws {
        try await withServer { server in
            for name in ["b", "a 2", "c", "a#1", "a 10"] {
                _ = try await server.admin("POST", "/v1/rooms", #"{"name":"\#(name)"}"#)
            }
            func names(_ query: String) async throws -> (names: [String], next: String?) {
                let answer = try await server.admin("GET", "/v1/rooms\(query)")
                #expect(answer.status == 200)
                let list = try answer.decoded(RoomList.self)
                return (list.rooms.map(\.name.text), list.next?.text)
            }
            let all = try await names("")
            #expect(all == (["a 10", "a 2", "a#1", "b", "c"], nil))
            let some = try await names("?prefix=a%20")
            #expect(some == (["a 10", "a 2"], nil))
            let plus = try await names("?prefix=a+")
            #expect(plus == (["a 10", "a 2"], nil))
            let signs = try await names("?prefix=a%23")
            #expect(signs == (["a#1"], nil))
            let nothing = try await names("?prefix=zz")
            #expect(nothing == ([], nil))

            var page = try await names("?limit=2")
            #expect(page == (["a 10", "a 2"], "a 2"))
            page = try await names("?limit=2&after=a%202")
            #expect(page == (["a#1", "b"], "b"))
            page = try await names("?limit=2&after=b")
            #expect(page == (["c"], nil))
            // What comes behind a name need not have been a room.
            page = try await names("?after=a%2399")
            #expect(page == (["b", "c"], nil))

            for query in [
                "limit=0", "limit=1001", "limit=x", "limit=", "limit=1&limit=2", "after=%",
            ] {
                expectRefusal(
                    try await server.admin("GET", "/v1/rooms?\(query)"), .invalidArgument,
                    "\(query)")
            }
        }
    }

    @Test func V06_whoeverIsInARoomIsToldThatItWasClosed() async throws {
        try await withServer { server in
            try await withClient(server) { client in
                try await client.join("daily", as: "ada")
                #expect(try await server.admin("DELETE", "/v1/rooms/daily").status == 204)
                try await client.expectDisconnected(.roomClosed)
                #expect(await client.closeCode() == 1000)
            }
            try await server.plane.waitFor("remove 1")
            try await withClient(server) { client in
                // The next room of that name is another.
                let joined = try await client.join("daily")
                #expect(joined.participants.isEmpty)
            }
        }
    }

    @Test func V08_namesWithSignsAreReachedPercentEncoded() async throws {
        try await withServer { server in
            for name in ["50%", "a b#c?d&e", "..", "%41", "[x]{y}|~^", "a+b"] {
                let path = "/v1/rooms/\(percentEncoded(name))"
                let made = try await server.admin("POST", "/v1/rooms", #"{"name":"\#(name)"}"#)
                #expect(made.header("location") == path)
                let room = try await server.admin("GET", path).decoded(RoomDescription.self)
                #expect(room.name.text == name)
                try await withClient(server) { client in
                    try await client.join(name, as: name)
                    let one = try await server.admin(
                        "GET", "\(path)/participants/\(percentEncoded(name))"
                    ).decoded(ParticipantDescription.self)
                    #expect(one.participant.id.text == name)
                }
                #expect(try await server.admin("DELETE", path).status == 204)
            }
        }
    }

    // MARK: Participants

    @Test func V08_C25_participantsAreSeenWithWhatTheyMayAndPublish() async throws {
        try await withServer { server in
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                try await ada.send(
                    .publish(
                        ada.nextID(), PublishRequest(source: .camera, mid: MediaSectionID("1"))))
                _ = try await ada.next()
                try await withClient(server) { spy in
                    try await spy.join(
                        "daily",
                        token: TestServer.token(
                            participant: "spy", room: "daily",
                            grants: TokenGrants(publish: [], hidden: true)))
                    let room = try await server.admin("GET", "/v1/rooms/daily").decoded(
                        RoomDescription.self)
                    #expect(room.participants == 2 && room.tracks == 1)
                    let list = try await server.admin("GET", "/v1/rooms/daily/participants")
                        .decoded(ParticipantList.self)
                    #expect(list.participants.map(\.participant.id.text) == ["ada", "spy"])
                    #expect(list.participants.map(\.visible) == [true, false])
                    let one = try await server.admin("GET", "/v1/rooms/daily/participants/ada")
                        .decoded(ParticipantDescription.self)
                    #expect(one.participant == list.participants[0].participant)
                    #expect(one.grants == list.participants[0].grants && one.visible)
                    #expect(one.participant.tracks.map(\.source) == [.camera])
                    #expect(one.tokenExpiresAt == nil)
                    #expect(list.participants[1].tokenExpiresAt != nil)
                    #expect(list.participants[1].grants.publish == [])
                    expectRefusal(
                        try await server.admin("GET", "/v1/rooms/daily/participants/bob"),
                        .participantNotFound)
                    expectRefusal(
                        try await server.admin("GET", "/v1/rooms/weekly/participants"),
                        .roomNotFound)
                }
            }
            // One who has gone is not there: a client that starts again learns where it stands.
            try await eventually("ada has left") {
                let answer = try await server.admin("GET", "/v1/rooms/daily/participants/ada")
                return answer.code == .participantNotFound || answer.code == .roomNotFound
            }
        }
    }

    @Test func V03_theKickedIsToldAndOutAndTheOthersSeeWhy() async throws {
        try await withServer { server in
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                try await withClient(server) { bob in
                    try await bob.join("daily", as: "bob")
                    _ = try await ada.next()
                    let path = "/v1/rooms/daily/participants/bob"
                    #expect(try await server.admin("DELETE", path).status == 204)
                    try await bob.expectDisconnected(.kicked)
                    #expect(await bob.closeCode() == 1000)
                    let told = try await ada.next()
                    #expect(told == .participantLeft(try ParticipantID("bob"), .kicked))
                    expectRefusal(try await server.admin("DELETE", path), .participantNotFound)
                }
                try await server.plane.waitFor("remove 2")
                // Without a ban whoever was kicked may come back.
                _ = try await withClient(server) { try await $0.join("daily", as: "bob") }
            }
        }
    }

    @Test func V03_aBanKeepsAwayForItsTimeAlsoFromTheNextRoomOfThatName() async throws {
        try await withServer { server in
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                let path = "/v1/rooms/daily/participants/bob"
                // Also somebody who is not there at the moment.
                #expect(try await server.admin("DELETE", "\(path)?ban=3600").status == 204)
                try await expectBanned("bob", server)
                for ban in ["0", "-1", "31536001", "9223372036854775807", "x", "1.5"] {
                    expectRefusal(
                        try await server.admin("DELETE", "\(path)?ban=\(ban)"), .invalidArgument)
                }
                #expect(try await server.admin("DELETE", "/v1/rooms/daily").status == 204)
            }
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                try await expectBanned("bob", server)
            }
        }
    }

    private func expectBanned(_ participant: String, _ server: TestServer) async throws {
        try await withClient(server) { client in
            let request = JoinRequest(
                room: try RoomName("daily"), participant: try ParticipantID(participant),
                offer: .plain(TestOffer.sdk()))
            try await client.send(.join(client.nextID(), request))
            guard case .error(let error) = try await client.next() else {
                throw TestFailure("no error")
            }
            #expect(error.code == .banned)
            #expect((error.retryAfter?.milliseconds ?? 0) > 3_500_000)
        }
    }

    @Test func V03_aPublisherWithoutASocketIsKickedAsWell() async throws {
        try await withServer { server in
            let published = try await request(
                server, "POST", "/whip/daily?participant=cam",
                headers: ["Content-Type: application/sdp"], body: TestOffer.whip)
            #expect(published.status == 201)
            let path = "/v1/rooms/daily/participants/cam"
            #expect(try await server.admin("DELETE", path).status == 204)
            try await server.plane.waitFor("remove 1")
        }
    }

    @Test func aParticipantIsChangedAndEverybodyIsTold() async throws {
        try await withServer { server in
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                try await withClient(server) { bob in
                    try await bob.join("daily", as: "bob")
                    _ = try await ada.next()
                    let answer = try await server.admin(
                        "PATCH", "/v1/rooms/daily/participants/bob",
                        """
                        {"name":"Bob","attributes":{"seat":"4"},"later":1,
                        "grants":{"data":false,"admin":false}}
                        """)
                    #expect(answer.status == 200)
                    let now = try answer.decoded(ParticipantDescription.self)
                    #expect(now.participant.name?.text == "Bob")
                    #expect(now.participant.attributes["seat"] == "4")
                    #expect(!now.grants.data)
                    // `admin` is none of the grants that can be changed.
                    #expect(now.grants.admin)
                    #expect(try await ada.next() == .participantUpdated(now.participant))
                    #expect(try await bob.next() == .participantUpdated(now.participant))
                    #expect(try await bob.next() == .permissionsChanged(now.grants))
                    let taken = try await server.admin(
                        "PATCH", "/v1/rooms/daily/participants/bob",
                        #"{"attributes":{"seat":null}}"#)
                    let then = try taken.decoded(ParticipantDescription.self)
                    #expect(then.participant.attributes["seat"] == nil)
                    #expect(then.participant.name?.text == "Bob")
                    expectRefusal(
                        try await server.admin(
                            "PATCH", "/v1/rooms/daily/participants/cy", #"{"name":"x"}"#),
                        .participantNotFound)
                }
            }
        }
    }

    // MARK: Messages

    @Test func theServerSendsMessagesToAllOrToSome() async throws {
        try await withServer { server in
            try await withClient(server) { ada in
                try await ada.join("daily", as: "ada")
                try await withClient(server) { bob in
                    try await bob.join("daily", as: "bob")
                    _ = try await ada.next()
                    let path = "/v1/rooms/daily/messages"
                    let toAll = try await server.admin(
                        "POST", path, #"{"message":"m-1","content":"Five minutes left."}"#)
                    #expect(toAll.status == 200 && toAll.body == #"{"unreachable":[]}"#)
                    for client in [ada, bob] {
                        guard case .messageReceived(let message) = try await client.next() else {
                            throw TestFailure("no message")
                        }
                        #expect(message.participant == nil && message.toAll)
                        #expect(message.content == "Five minutes left.")
                        #expect(message.message?.text == "m-1")
                    }
                    let toSome = try await server.admin(
                        "POST", path, #"{"content":"You too.","to":["bob","cy"]}"#)
                    #expect(toSome.body == #"{"unreachable":["cy"]}"#)
                    guard case .messageReceived(let message) = try await bob.next() else {
                        throw TestFailure("no message")
                    }
                    #expect(message.content == "You too." && !message.toAll)
                    expectRefusal(
                        try await server.admin("POST", path, #"{"content":"x","to":["cy"]}"#),
                        .participantNotFound)
                    for to in ["[]", #"["bob","bob"]"#] {
                        expectRefusal(
                            try await server.admin("POST", path, #"{"content":"x","to":\#(to)}"#),
                            .tooManyRecipients)
                    }
                    let long = String(repeating: "a", count: 4097)
                    expectRefusal(
                        try await server.admin("POST", path, #"{"content":"\#(long)"}"#),
                        .packetTooLarge)
                }
            }
        }
    }
}

/// Asks again and again until it is so, for a while.
func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
    for _ in 0..<400 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TestFailure("it never came that \(what)")
}
