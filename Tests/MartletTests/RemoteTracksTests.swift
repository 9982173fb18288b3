// That each track of the others has a task of its own, for as long as it is there.
// SPDX-License-Identifier: Apache-2.0
import MediaCodecs
import Testing

@testable import Martlet

/// What a body was given, and what became of it.
private enum Step: Sendable, Equatable {
    case began(String, TrackSource)
    case ended(String, TrackSource)
    case returned
    case failed(String)
}

private struct BodyFailure: Error, CustomStringConvertible { let description: String }

/// Listens to every track of the others, and tells what it does.
private func steps(
    of room: Room, failingAt source: TrackSource? = nil
) -> (AsyncStream<Step>, Task<Void, Never>) {
    let (steps, stepsIn) = AsyncStream.makeStream(of: Step.self)
    let task = Task {
        do {
            try await room.forEachRemoteTrack { track in
                stepsIn.yield(.began(track.participant, track.source))
                if track.source == source { throw BodyFailure(description: track.participant) }
                // Ends with the track alone: nobody pushes anything.
                if track.isSound {
                    for await _ in try await room.audio(of: track) {}
                } else {
                    for await _ in try await room.video(of: track) {}
                }
                stepsIn.yield(.ended(track.participant, track.source))
            }
            stepsIn.yield(.returned)
        } catch {
            stepsIn.yield(.failed("\(error)"))
        }
        stepsIn.finish()
    }
    return (steps, task)
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct RemoteTracksTests {
    @Test func eachTrackHasATaskUntilItGoes() async throws {
        try await withServer { server in
            let (ada, listener) = (try await joined(server, "ada"), try await joined(server, "bob"))
            let told = listener.events
            let microphone = try await ada.localParticipant.publish(try AudioSource())
            _ = try await first(of: told) { event in
                if case .trackPublished = event { true } else { nil }
            }
            let (all, task) = steps(of: listener)
            defer { task.cancel() }
            var next = all.makeAsyncIterator()
            // One that was there already, and one that comes.
            #expect(await next.next() == .began("ada", .microphone))
            try await ada.localParticipant.publish(try VideoSource(), as: .screen)
            #expect(await next.next() == .began("ada", .screen))
            try await microphone.unpublish()
            #expect(await next.next() == .ended("ada", .microphone))
            let carol = try await joined(server, "carol")
            try await carol.localParticipant.publish(try AudioSource())
            #expect(await next.next() == .began("carol", .microphone))
            await ada.leave()
            #expect(await next.next() == .ended("ada", .screen))
            await listener.leave()
            #expect(await next.next() == .ended("carol", .microphone))
            #expect(await next.next() == .returned)
            await carol.leave()
            await #expect(throws: MartletError.self) {
                try await listener.forEachRemoteTrack { _ in }
            }
        }
    }

    @Test func anErrorEndsAllAndIsThrownAgain() async throws {
        try await withServer { server in
            let (ada, listener) = (try await joined(server, "ada"), try await joined(server, "bob"))
            let (all, task) = steps(of: listener, failingAt: .screen)
            defer { task.cancel() }
            var next = all.makeAsyncIterator()
            try await ada.localParticipant.publish(try AudioSource())
            #expect(await next.next() == .began("ada", .microphone))
            try await ada.localParticipant.publish(try VideoSource(), as: .screen)
            #expect(await next.next() == .began("ada", .screen))
            #expect(await next.next() == .ended("ada", .microphone))
            #expect(await next.next() == .failed("ada"))
            await ada.leave()
            await listener.leave()
        }
    }
}
