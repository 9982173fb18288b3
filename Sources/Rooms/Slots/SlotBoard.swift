// Who sits in which slot of one receiver.
// SPDX-License-Identifier: Apache-2.0
import Signaling

/// The receiving sections of one session, and the seats they form.
///
/// A video section and the audio section that goes with it form a pair, which holds one presentation;
/// audio sections left over hold speakers who are not shown. First come, first shown; who sits
/// stays, except that somebody heard but not seen in a pair makes room for a picture if an audio
/// seat is free. Small: up to `pairSlotsMax` pairs, and one wish per presentation of the room.
struct SlotBoard: Hashable, Sendable {
    /// A receiving section and what it shows.
    struct Section: Hashable, Sendable {
        var mid: MediaSectionID
        var source: SlotChange.Source?
    }

    /// A pair, or an audio section alone.
    struct Seat: Hashable, Sendable {
        var audio: Int?
        var video: Int?
        var holder: Presentation?
    }

    /// Which audio section goes with which video section; answers give both of a pair one stream.
    enum Pairing: Hashable, Sendable {
        /// The audio right before a video: how our SDKs offer.
        case adjacent
        /// The n-th audio with the n-th video: players offer in any order.
        case counted
    }

    private(set) var sections: [Section] = []
    private(set) var seats: [Seat] = []
    private(set) var wishes: [Wish] = []
    /// What changed since it was last taken, in order.
    private var changes: [SlotChange] = []

    /// How many more seats would seat everybody: pairs and audio seats.
    var shortage: (pairs: Int, audio: Int) {
        var pairs = 0
        var audio = 0
        for wish in wishes {
            if wish.video != nil {
                if !isPair(wish.seat) { pairs += 1 }
            } else if wish.seat == nil {
                audio += 1
            }
        }
        return (pairs, audio)
    }

    /// How many seats there are: pairs and audio seats.
    var capacity: (pairs: Int, audio: Int) {
        let pairs = seats.count { $0.video != nil }
        return (pairs, seats.count - pairs)
    }

    /// Takes what changed since the last call.
    mutating func takeChanges() -> [SlotChange] {
        defer { changes = [] }
        return changes
    }

    /// The index of the slot named `mid`.
    func section(named mid: MediaSectionID) -> Int? { sections.firstIndex { $0.mid == mid } }

    // MARK: Wishes

    /// Says what is wanted of a presentation now; neither track means nothing. Call `settle` after.
    mutating func want(
        _ presentation: Presentation, video: UInt64?, audio: UInt64?, isUrgent: Bool
    ) {
        let known = wishes.firstIndex { $0.presentation == presentation }
        guard video != nil || audio != nil else {
            if let known { remove(at: known) }
            return
        }
        guard let known else {
            wishes.append(
                Wish(
                    presentation: presentation, video: video, audio: audio, isUrgent: isUrgent,
                    seat: nil))
            return
        }
        wishes[known].video = video
        wishes[known].audio = audio
        wishes[known].isUrgent = isUrgent
        guard let seat = wishes[known].seat else { return }
        if !isPair(seat) && audio == nil {
            vacate(seat)
            wishes[known].seat = nil
        } else {
            show(wishes[known], in: seat)
        }
    }

    /// Forgets everything of a participant. Call `settle` after.
    mutating func forget(publisher: UInt64) {
        for index in wishes.indices.reversed()
        where wishes[index].presentation.publisher == publisher {
            remove(at: index)
        }
    }

    private mutating func remove(at index: Int) {
        if let seat = wishes[index].seat { vacate(seat) }
        wishes.remove(at: index)
    }

    // MARK: Seating

    /// Seats whoever can be seated: the urgent first, then in order of coming.
    mutating func settle() {
        // Most boards of a large room are full: nobody can be seated, however many wait.
        guard seats.contains(where: { $0.holder == nil }) else { return }
        var again = true
        while again {
            again = false
            for urgent in [true, false] {
                for index in wishes.indices where wishes[index].isUrgent == urgent {
                    // Moving up to a pair leaves an audio seat that an earlier wish may wait for.
                    if seat(wishAt: index) { again = true }
                }
            }
        }
    }

    /// Seats one wish as well as can be; true if it left a seat for that.
    private mutating func seat(wishAt index: Int) -> Bool {
        let wish = wishes[index]
        guard wish.video != nil else {
            if wish.seat == nil, let seat = freeAudioSeat ?? freePairForAudio {
                occupy(seat, wishAt: index)
            }
            return false
        }
        if isPair(wish.seat) { return false }
        if let pair = freePair(withAudio: wish.audio != nil) ?? pairFreedOfListener() {
            if let old = wish.seat { vacate(old) }
            occupy(pair, wishAt: index)
            return wish.seat != nil
        }
        if wish.seat == nil, wish.audio != nil, let seat = freeAudioSeat {
            occupy(seat, wishAt: index)
        }
        return false
    }

    private mutating func occupy(_ seat: Int, wishAt index: Int) {
        wishes[index].seat = seat
        seats[seat].holder = wishes[index].presentation
        show(wishes[index], in: seat)
    }

    private mutating func vacate(_ seat: Int) {
        seats[seat].holder = nil
        show(nil, inSection: seats[seat].video)
        show(nil, inSection: seats[seat].audio)
    }

    private mutating func show(_ wish: Wish, in seat: Int) {
        let publisher = wish.presentation.publisher
        show(
            wish.video.map { SlotChange.Source(publisher: publisher, track: $0) },
            inSection: seats[seat].video)
        show(
            wish.audio.map { SlotChange.Source(publisher: publisher, track: $0) },
            inSection: seats[seat].audio)
    }

    private mutating func show(_ source: SlotChange.Source?, inSection section: Int?) {
        guard let section, sections[section].source != source else { return }
        sections[section].source = source
        changes.append(SlotChange(section: section, source: source))
    }

    // MARK: Free seats

    private func isPair(_ seat: Int?) -> Bool {
        guard let seat else { return false }
        return seats[seat].video != nil
    }

    private var freeAudioSeat: Int? {
        seats.firstIndex { $0.video == nil && $0.holder == nil }
    }

    /// A pair for somebody who is only heard: the last one, so that pictures fill up from the first.
    private var freePairForAudio: Int? {
        seats.lastIndex { $0.video != nil && $0.audio != nil && $0.holder == nil }
    }

    private func freePair(withAudio: Bool) -> Int? {
        if withAudio,
            let pair = seats.firstIndex(where: {
                $0.video != nil && $0.audio != nil && $0.holder == nil
            })
        {
            return pair
        }
        return seats.firstIndex { $0.video != nil && $0.holder == nil }
    }

    /// Moves somebody who is only heard from a pair to a free audio seat.
    private mutating func pairFreedOfListener() -> Int? {
        guard let target = freeAudioSeat else { return nil }
        let listener = wishes.firstIndex { $0.video == nil && isPair($0.seat) }
        guard let listener, let pair = wishes[listener].seat else { return nil }
        vacate(pair)
        occupy(target, wishAt: listener)
        return pair
    }
}

extension SlotBoard {
    /// Takes the receiving sections of a new offer; seats that are still there keep their holders.
    /// Call `settle` after.
    mutating func layOut(_ offered: [RoomSection], pairing: Pairing) {
        let oldSeats = seats
        let oldSections = sections
        sections = []
        seats = []
        for section in offered where section.use == .slot {
            sections.append(Section(mid: section.mid, source: nil))
            addSeat(for: sections.count - 1, section.kind, pairing: pairing)
        }
        carryOver(from: oldSeats, oldSections)
    }

    private mutating func addSeat(for section: Int, _ kind: TrackKind, pairing: Pairing) {
        let candidate =
            switch pairing {
            case .adjacent: kind == .video ? seats.indices.last : nil
            // The first seat that lacks this kind: the n-th audio meets the n-th video.
            case .counted:
                seats.firstIndex { (kind == .audio ? $0.audio : $0.video) == nil }
            }
        switch kind {
        case .audio:
            if let candidate {
                seats[candidate].audio = section
            } else {
                seats.append(Seat(audio: section, video: nil))
            }
        case .video:
            if let candidate, seats[candidate].video == nil {
                seats[candidate].video = section
            } else {
                seats.append(Seat(audio: nil, video: section))
            }
        }
    }

    /// Puts back who sat in a seat of the same sections; everybody else waits again.
    private mutating func carryOver(from oldSeats: [Seat], _ oldSections: [Section]) {
        func mid(_ index: Int?, _ list: [Section]) -> MediaSectionID? { index.map { list[$0].mid } }
        for index in wishes.indices {
            guard let old = wishes[index].seat else { continue }
            let audio = mid(oldSeats[old].audio, oldSections)
            let video = mid(oldSeats[old].video, oldSections)
            wishes[index].seat = seats.firstIndex {
                mid($0.audio, sections) == audio && mid($0.video, sections) == video
            }
            guard let seat = wishes[index].seat else { continue }
            seats[seat].holder = wishes[index].presentation
            // What it showed it still shows, so nothing is reported as a change.
            if let section = seats[seat].audio, let before = oldSeats[old].audio {
                sections[section].source = oldSections[before].source
            }
            if let section = seats[seat].video, let before = oldSeats[old].video {
                sections[section].source = oldSections[before].source
            }
        }
        for (index, section) in sections.enumerated() where section.source == nil {
            let before = oldSections.first { $0.mid == section.mid }
            if before?.source != nil { changes.append(SlotChange(section: index, source: nil)) }
        }
    }
}
