// What goes wrong in a simulated system.
// SPDX-License-Identifier: Apache-2.0
import ClientSession
import NetworkImpairment
import RoomService
import Rooms
import Signaling
import Wire

extension SystemWorld {
    // MARK: The server

    func startServer() {
        startsServerAt = nil
        serverRun += 1
        var rooms = RoomConfiguration()
        // Whoever asks for a microphone is to get it.
        rooms.audioRanking = nil
        rooms.data = DataLimits()
        let server = SystemServer(
            seed: random.next(), address: Self.serverAddress, rooms: rooms, loops: plan.loops)
        server.loop = { [unowned self] id in loop(of: streams[Int(id.rawValue)].client) }
        let run = serverRun
        server.onEntered = { [unowned self] key, id, participant, room in
            oracle.entered(scoped(key, run), id, participant, room, at: now)
        }
        server.onHeard = { [unowned self] key in oracle.heard(scoped(key, run), at: now) }
        server.onBroken = { [unowned self] key in oracle.broken(scoped(key, run), at: now) }
        server.onMediaOver = { [unowned self] key in oracle.mediaOver(scoped(key, run), at: now) }
        server.onDropped = { [unowned self, unowned server] key, reason, room in
            let isEmpty = server.room(room)?.core.memberCount == 0
            oracle.dropped(scoped(key, run), reason, isRoomEmpty: isEmpty, at: now)
        }
        server.onClosed = { [unowned self] room in
            note("\(room.text) closes")
            oracle.closed(room, byOrder: isOrderedToClose, at: now)
        }
        server.onAccepted = { [unowned self, unowned server] key, message, room in
            figures.accepted += 1
            let members = server.room(room)?.core.sessions ?? []
            oracle.accepted(
                scoped(key, run), message, members: members.map { scoped($0, run) }, at: now)
        }
        self.server = server
        note("the server starts")
    }

    /// The media loop of a client: neighbours are on different ones, if there are two.
    func loop(of client: Int) -> Int { client % plan.loops }

    /// Keys begin anew with each run of the server.
    private func scoped(_ key: SessionKey, _ run: Int) -> SessionKey {
        SessionKey(UInt64(run) << 32 | key.rawValue)
    }

    private func killServer(downFor pause: MediaDuration) {
        guard server != nil else { return }
        figures.kills += 1
        note("the server is killed")
        server = nil
        oracle.serverDied()
        startsServerAt = now + pause
        // Its machine hangs up on everybody.
        for index in streams.indices where streams[index].isOpenAtServer {
            streams[index].isOpenAtServer = false
            send(.closed(byServer: true), over: index, isUp: false)
        }
    }

    // MARK: All the rest

    func happen(_ fault: SystemFault) {
        switch fault {
        case .blackout(let index, let length):
            note("c\(index) in the dark for \(length.milliseconds) ms")
            let dark = now..<(now + length)
            clients[index].network.up.blackout = dark
            clients[index].network.down.blackout = dark
        case .mediaBlackout(let index, let length):
            // What is sent to no address arrives nowhere.
            note("c\(index) without media for \(length.milliseconds) ms")
            clients[index].mediaIsDarkUntil = now + length
        case .cutOff(let index, let length):
            happen(.breakStream(client: index))
            happen(.blackout(client: index, length))
        case .breakStream(let index):
            guard let stream = clients[index].stream else { return }
            note("c\(index) loses its stream")
            clients[index].stream = nil
            streams[stream].isOpenAtClient = false
            clients[index].session.socketClosed(at: now)
            if streams[stream].isOpenAtServer {
                streams[stream].isOpenAtServer = false
                server?.closed(ConnectionID(UInt64(stream)), at: now)
            }
            streams[stream].isSevered = true
        case .changeAddress(let index, let isNoticed): changeAddress(of: index, isNoticed)
        case .killServer(let pause): killServer(downFor: pause)
        case .kick(let index, let ban):
            note("c\(index) is sent away")
            server?.kick(
                clients[index].participant, from: clients[index].room, banFor: ban, at: now)
        case .closeRoom:
            note("room is closed by order")
            isOrderedToClose = true
            server?.close(clients[0].room, at: now)
            isOrderedToClose = false
        case .leave(let index, let pause):
            note("c\(index) leaves by itself")
            clients[index].leave(at: now)
            clients[index].wantsToBeIn = true
            clients[index].rejoinsAt = now + pause + .seconds(2)
        case .mute(let index, let source, let isMuted): clients[index].mute(source, isMuted)
        case .setRole(let index, let role): _ = try? clients[index].session.setRole(role)
        case .subscribe(let index, let other, let isWanted):
            try? clients[index].session.setSubscribed(
                isWanted, to: clients[other].participant)
        case .updateSelf(let index):
            clients[index].nextPacket += 1
            let patch = AttributePatch(["seat": "\(clients[index].nextPacket)"])
            _ = try? clients[index].session.updateSelf(ParticipantUpdate(attributes: patch))
        case .sendData(let index, let count): sendData(clients[index], count: count)
        case .sendMessage(let index, let other): sendMessage(clients[index], to: other)
        case .network(let index, var network):
            network.up.blackout = clients[index].network.up.blackout
            network.down.blackout = clients[index].network.down.blackout
            clients[index].network = network
        }
    }

    private func changeAddress(of index: Int, _ isNoticed: Bool) {
        figures.addresses += 1
        note("c\(index) has another address")
        let client = clients[index]
        client.address = NetworkAddress(
            ipv4: 0x0A00_0100 + UInt32(index), port: UInt16(10_000 + figures.addresses))
        client.media?.address = client.address
        for stream in streams.indices where streams[stream].client == index {
            streams[stream].isSevered = true
        }
        if isNoticed { client.session.networkChanged(at: now) }
    }

    /// Ends everything that spoils: from here on the network is as good as networks are.
    func calm() {
        note("calm")
        if server == nil { startServer() }
        for client in clients {
            client.network = ImpairmentPlan()
            client.network.up.delay = .milliseconds(20)
            client.network.down.delay = .milliseconds(20)
            client.mediaIsDarkUntil = nil
        }
    }
}
