// What must hold of a room whatever happened to it.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

@testable import Rooms

extension RandomisedRun {
    mutating func check() {
        require(room.sessions.sorted() == world.alive.sorted(), "membership differs")
        require(world.closed == room.isClosed, "closing differs")
        var bound: [RandomisedWorld.SlotKey: SlotSource] = [:]
        var told: [RandomisedWorld.SlotKey: SlotAssignment.Source] = [:]
        for (index, receiver) in room.participants.enumerated() {
            checkBoard(of: receiver)
            checkRights(of: receiver)
            for section in receiver.board.sections.indices {
                let slot = room.assignment(section, of: index)
                guard let source = slot.source else { continue }
                let slotKey = RandomisedWorld.SlotKey(session: receiver.key, mid: slot.mid)
                if isUpToDate(receiver) { told[slotKey] = source }
                bound[slotKey] = checkedSource(source, for: receiver)
            }
            require(
                receiver.subscriptions.count < max(room.memberCount, 1),
                "subscriptions to the gone are remembered")
            checkClient(of: receiver)
            if isUpToDate(receiver) {
                let others = room.participants.filter { $0.isVisible && $0.key != receiver.key }
                require(
                    world.known[receiver.key]?.sorted() == others.map(\.id).sorted(),
                    "a client knows others than are here")
            }
        }
        require(bound == world.bound, "the worker forwards something else than the room says")
        let toldToThem = world.told.filter { world.clients[$0.key.session]?.link == .up }
        require(told == toldToThem, "a client was told something else than the room says")
    }

    mutating func require(_ holds: Bool, _ problem: String) {
        if !holds { world.problems.append(problem) }
    }

    /// The section behind a slot; a track that is gone or unwanted is a problem.
    private mutating func checkedSource(
        _ source: SlotAssignment.Source, for receiver: Participant
    ) -> SlotSource? {
        let publisher = room.participants.first { $0.id == source.participant && $0.isVisible }
        let track = publisher?.tracks.first { $0.id == source.track }
        guard let publisher, let track else {
            require(false, "a slot holds a track that is gone")
            return nil
        }
        require(
            receiver.grants.subscribe
                && receiver.subscriptions.wants(track.source, track.kind, of: publisher.number),
            "a slot holds a track that is not wanted")
        return SlotSource(publisher: publisher.key, mid: track.mid)
    }

    /// What a receiver should wish for, found by another way than the room's own.
    private func wantedPresentations(of receiver: Participant) -> Set<Presentation> {
        var wanted: Set<Presentation> = []
        guard receiver.grants.subscribe else { return wanted }
        for publisher in room.participants where publisher.number != receiver.number {
            if case .playback(of: let only?) = receiver.entry.kind, only != publisher.id {
                continue
            }
            for track in publisher.tracks
            where receiver.subscriptions.wants(track.source, track.kind, of: publisher.number) {
                let aspect = receiver.isPlayer ? .whole : track.aspect
                wanted.insert(Presentation(publisher: publisher.number, aspect: aspect))
            }
        }
        return wanted
    }

    /// Whether a client has been told everything.
    private func isUpToDate(_ receiver: Participant) -> Bool {
        world.clients[receiver.key]?.link == .up
    }

    private mutating func checkClient(of member: Participant) {
        require(
            room.participants.count { $0.priority == .high } <= 1, "two of them go first")
        require(
            member.isPlayer || room.bans.timeLeft(of: member.id, at: now) == nil,
            "somebody banned is here")
        guard let client = world.clients[member.key] else { return }
        for problem in client.problems { require(false, problem) }
        require(member.hasSocket == (client.link != .gone), "the link differs")
        require((member.outbox != nil) == client.canResume, "resuming differs")
        if let outbox = member.outbox, client.link == .up, !outbox.isOverflown {
            require(outbox.lastSequence == client.sequence, "the numbers differ")
            require(outbox.count <= room.configuration.replayMessagesMax, "kept too much")
        }
        guard client.link == .up else { return }
        let away = room.participants.filter {
            $0.isVisible && $0.isInterrupted && $0.key != member.key
        }
        require(
            client.interrupted.sorted() == away.map(\.id).sorted(), "interruptions differ")
    }

    /// What somebody publishes is what it may, and the worker forwards that and nothing else.
    private mutating func checkRights(of member: Participant) {
        require(member.isPublisher || member.tracks.isEmpty, "published without the right")
        require(!member.isPublisher || member.suspendedTracks.isEmpty, "kept though it may")
        for track in member.tracks {
            require(member.grants.publish.contains(track.source), "a source not granted")
        }
        for track in member.tracks + member.suspendedTracks {
            let slot = RandomisedWorld.SlotKey(session: member.key, mid: track.mid)
            let isSuspended = !member.tracks.contains(track)
            require(
                world.paused[slot] == (isSuspended || track.isMuted), "pausing differs")
        }
        require(member.token.map { $0.deadline > checkedAt } ?? true, "a token outlived")
    }

    private mutating func checkBoard(of receiver: Participant) {
        let board = receiver.board
        let wished = Set(board.wishes.map(\.presentation))
        require(wished == wantedPresentations(of: receiver), "wishes differ from what is wanted")
        require(wished.count == board.wishes.count, "a wish stands twice")
        let freePairs = board.seats.count { $0.video != nil && $0.holder == nil }
        let freeAudio = board.seats.count { $0.video == nil && $0.holder == nil }
        let freePairsWithAudio = board.seats.count {
            $0.video != nil && $0.audio != nil && $0.holder == nil
        }
        let someoneCouldMove = board.wishes.contains {
            $0.video == nil && $0.seat.map { board.seats[$0].video != nil } == true
        }
        for wish in board.wishes {
            let seat = wish.seat.map { board.seats[$0] }
            require(seat == nil || seat?.holder == wish.presentation, "two in one seat")
            if wish.video != nil && seat?.video == nil {
                require(freePairs == 0, "a picture waits though a pair is free")
                require(wish.audio == nil || seat != nil || freeAudio == 0, "sound waits")
                require(!someoneCouldMove || freeAudio == 0, "a listener could make room")
            }
            if wish.video == nil && seat == nil {
                require(freeAudio == 0 && freePairsWithAudio == 0, "a speaker waits")
            }
            if let video = seat?.video {
                require(board.sections[video].source?.track == wish.video, "wrong picture")
            }
            if let audio = seat?.audio {
                require(board.sections[audio].source?.track == wish.audio, "wrong sound")
            }
        }
        for seat in board.seats where seat.holder == nil {
            let shown = [seat.audio, seat.video].compactMap { $0 }.filter {
                board.sections[$0].source != nil
            }
            require(shown.isEmpty, "an empty seat shows something")
        }
    }
}
