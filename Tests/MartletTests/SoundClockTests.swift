// That all sound of an event loop is played by one clock, as long as somebody listens, and how it is mixed.
// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Martlet

private func piece(_ value: Int16, count: Int = 960) -> SoundPiece {
    SoundPiece(samples: [Int16](repeating: value, count: count), microseconds: 0)
}

@Suite(.timeLimit(.minutes(1))) struct SoundClockTests {
    @Test func O04_aRoomFollowsTheClockWhileSomebodyListens() async throws {
        try await withServer { server in
            // Several, so that some share an event loop.
            var rooms: [Room] = []
            for number in 0..<3 {
                let room = Room()
                try await room.join(
                    JoinOptions(server: server, room: "demo", participant: "bot-\(number)"))
                rooms.append(room)
            }
            for room in rooms {
                let media = try await room.linked().media
                #expect(await !media.isTicking)
                do {
                    let mixed = try await room.mixedAudio()
                    #expect(await media.isTicking)
                    var pieces = 0
                    for await piece in mixed {
                        #expect(piece.samples == [Int16](repeating: 0, count: 960))
                        pieces += 1
                        if pieces == 5 { break }
                    }
                }
                // The listener is taken away on the event loop, right behind the end of its stream.
                for _ in 0..<100 where await media.isTicking {
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(await !media.isTicking)
                _ = try await room.mixedAudio()
                await room.leave()
                #expect(await !media.isTicking)
            }
        }
    }

    @Test func ticksAreOnOneGrid() {
        let start = MediaInstant.zero
        #expect(SoundClock.next(after: start) == start + .milliseconds(10))
        #expect(SoundClock.next(after: start + .milliseconds(12)) == start + .milliseconds(20))
        #expect(SoundClock.next(after: start + .milliseconds(30)) == start + .milliseconds(40))
    }

    @Test func piecesOfAMomentAreSummedAsLoudAsCanBe() {
        var mix = SoundMix()
        func mixed(_ pieces: SoundPiece...) -> [Int16] {
            mix.begin()
            for piece in pieces { mix.add(piece.samples.span) }
            return mix.samples
        }
        #expect(mixed() == piece(0).samples)
        #expect(mixed(piece(7)) == piece(7).samples)
        #expect(mixed(piece(7), piece(-9), piece(100)) == piece(98).samples)
        #expect(mixed(piece(30_000), piece(30_000)) == piece(.max).samples)
        #expect(mixed(piece(.min), piece(-1), piece(-2)) == piece(.min).samples)
        // One that is short is silent behind its end.
        #expect(
            mixed(piece(5, count: 10), piece(6)).prefix(12) == [
                11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 6, 6,
            ])
        #expect(mixed(piece(4)) == piece(4).samples)
    }
}
