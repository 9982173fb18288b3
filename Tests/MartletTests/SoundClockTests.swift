// That all sound of an event loop is played by one clock, as long as somebody listens, and how it is mixed.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Martlet

private func piece(_ value: Int16, count: Int = 960) -> SoundPiece {
    SoundPiece(samples: [Int16](repeating: value, count: count), microseconds: 0)
}

/// What an outlet is to say, and how often it was asked.
private final class FakeSource: Sendable {
    private struct State {
        var answer = Result<OutletProgress, any Error>.success(.empty)
        var wake: (@Sendable () -> Void)?
        var looks = 0
        var resumed = 0
        var isSlow = false
    }
    private let state = Mutex(State())

    var looks: Int { state.withLock { $0.looks } }
    /// Whether writers have been resumed behind the last look.
    var isEven: Bool { state.withLock { $0.resumed > 0 && $0.wake == nil } }
    /// Whether each look takes longer than there is time for all.
    var isSlow: Bool {
        get { state.withLock { $0.isSlow } }
        set { state.withLock { $0.isSlow = newValue } }
    }

    func set(_ answer: Result<OutletProgress, any Error>) {
        let wake = state.withLock { state in
            state.answer = answer
            defer { state.wake = nil }
            return state.wake
        }
        wake?()
    }

    func look() throws -> OutletProgress {
        if isSlow {
            let end = MediaDriver.now + SoundClock.stretch
            while MediaDriver.now < end {}
        }
        return try state.withLock { state in
            state.looks += 1
            return try state.answer.get()
        }
    }

    func call(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }
    func resume() { state.withLock { $0.resumed += 1 } }
}

private final class FakeOutlet: PacedOutlet {
    private let source: FakeSource
    init(_ source: FakeSource) { self.source = source }

    func send(at now: MediaInstant, until end: MediaInstant) throws -> OutletProgress {
        try source.look()
    }
    var nextDue: MediaInstant? { nil }
    var writers: [CheckedContinuation<Bool, Never>] = []
    func resumeWriters() { source.resume() }
    func call(_ wake: @escaping @Sendable () -> Void) -> Bool {
        source.call(wake)
        return true
    }
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

    @Test func whatIsPublishedIsLookedAtWhileThereIsSomethingAndCalledAfterThat() async throws {
        let clock = SoundClock.of(MultiThreadedEventLoopGroup(numberOfThreads: 1).next())
        let source = FakeSource()
        let publishing = Task { try await clock.publish(FakeOutlet(source)) }
        // It has nothing, and after a while nobody looks any more.
        while await clock.sources != (0, 1) { try await Task.sleep(for: .milliseconds(5)) }
        let looks = source.looks
        #expect(looks == SoundClock.emptyLooks)
        try await Task.sleep(for: .milliseconds(30))
        #expect(source.looks == looks)
        source.set(.success(.waiting))
        while source.looks < looks + 3 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await clock.sources == (1, 0))
        source.set(.success(.over))
        try await publishing.value
        #expect(await clock.sources == (0, 0))
        // Whoever waited for room has been told.
        #expect(source.isEven)
    }

    @Test func whatCannotBeSentOrIsCancelledIsLookedAtNoMore() async throws {
        let clock = SoundClock.of(MultiThreadedEventLoopGroup(numberOfThreads: 1).next())
        // Several, so that some have to go on.
        let sources = (0..<4).map { _ in FakeSource() }
        let publishing = sources.map { source in
            source.set(.success(.waiting))
            return Task { try await clock.publish(FakeOutlet(source)) }
        }
        while await clock.sources != (4, 0) { try await Task.sleep(for: .milliseconds(5)) }
        publishing[2].cancel()
        sources[1].set(.failure(MediaCodecError.outOfMemory))
        await #expect(throws: CancellationError.self) { try await publishing[2].value }
        await #expect(throws: MediaCodecError.outOfMemory) { try await publishing[1].value }
        #expect(await clock.sources == (2, 0))
        sources[3].set(.success(.empty))
        while await clock.sources != (1, 1) { try await Task.sleep(for: .milliseconds(5)) }
        publishing[3].cancel()
        publishing[0].cancel()
        for task in publishing { _ = await task.result }
        #expect(await clock.sources == (0, 0))
    }

    @Test func whoHadNoTimeLeftIsFirstInTheNextTick() async throws {
        let clock = SoundClock.of(MultiThreadedEventLoopGroup(numberOfThreads: 1).next())
        let sources = (0..<3).map { _ in FakeSource() }
        let publishing = sources.map { source in
            source.set(.success(.waiting))
            source.isSlow = true
            return Task { try await clock.publish(FakeOutlet(source)) }
        }
        while !sources.allSatisfy({ $0.looks > 5 }) { try await Task.sleep(for: .milliseconds(5)) }
        for task in publishing { task.cancel() }
        for task in publishing { _ = await task.result }
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
