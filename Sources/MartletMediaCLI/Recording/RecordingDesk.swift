// Which tracks are recorded into which files.
// SPDX-License-Identifier: Apache-2.0
import Foundation
import Martlet
import MediaCodecs

/// Opens a recording of each participant's camera and microphone, and one of each screen and its sound.
actor RecordingDesk {
    private let room: Room
    private let folder: String
    private let format: RecordFormat
    private let sound: TrackSoundFormat
    private let isQuiet: Bool
    private var recordings: [String: Recording] = [:]
    private var tasks: [String: Task<Void, Never>] = [:]
    private var names: [String: Int] = [:]
    private var finished: [String] = []

    init(
        room: Room, folder: String, format: RecordFormat, sound: TrackSoundFormat, isQuiet: Bool
    ) {
        self.room = room
        self.folder = folder
        self.format = format
        self.sound = sound
        self.isQuiet = isQuiet
    }

    /// Follows who comes and goes, until the room is left.
    func follow(_ events: AsyncStream<RoomEvent>) async {
        for participant in await room.remoteParticipants {
            for track in participant.tracks { begin(track) }
        }
        for await event in events {
            switch event {
            case .participantJoined(let participant): participant.tracks.forEach(begin)
            case .trackPublished(let track): begin(track)
            case .trackUnpublished(_, let track): await end(track)
            case .participantLeft(let participant, _): await endAll(of: participant)
            case .connectionChanged(let change):
                if case .disconnected = change.to { return }
            default: break
            }
        }
    }

    private func begin(_ track: RemoteTrack) {
        guard tasks[track.id] == nil else { return }
        let isScreen = track.source == .screen || track.source == .screenAudio
        let key = "\(track.participant)\(isScreen ? "-screen" : "")"
        let recording =
            recordings[key]
            ?? Recording(format: format, sound: sound, room: room) { [weak self] ending in
                await self?.path(key, ending: ending) ?? "\(UUID().uuidString)\(ending)"
            }
        recordings[key] = recording
        let room = self.room
        tasks[track.id] = Task {
            await recording.begin(track)
            if track.isSound, recording.takesOpus {
                guard let packets = try? await room.encodedAudio(of: track) else { return }
                for await packet in packets { await recording.take(.packet(packet)) }
            } else if track.isSound {
                guard let pieces = try? await room.audio(of: track, format: Recording.soundFormat)
                else { return }
                for await piece in pieces { await recording.take(.samples(piece)) }
            } else {
                guard let frames = try? await room.encodedVideo(of: track) else { return }
                for await frame in frames { await recording.take(frame) }
            }
        }
    }

    private func end(_ track: String) async {
        guard let task = tasks.removeValue(forKey: track) else { return }
        task.cancel()
        await task.value
    }

    private func endAll(of participant: String) async {
        for key in [participant, "\(participant)-screen"] {
            guard let recording = recordings.removeValue(forKey: key) else { continue }
            for track in await recording.tracks { await end(track) }
            note(await recording.finish())
        }
    }

    /// Ends all files.
    /// - Returns: A line for each.
    func finish() async -> [String] {
        for task in tasks.values { task.cancel() }
        tasks = [:]
        for recording in recordings.values { note(await recording.finish()) }
        recordings = [:]
        return finished.sorted()
    }

    private func note(_ lines: [String]) {
        finished += lines
        if !isQuiet { for line in lines { say("done: \(line)") } }
    }

    /// A name that nothing has yet.
    private func path(_ key: String, ending: String) -> String {
        let safe = String(
            key.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }.prefix(100))
        while true {
            names[safe + ending, default: 0] += 1
            let number = names[safe + ending] ?? 1
            let path = "\(folder)/\(safe)\(number == 1 ? "" : "-\(number)")\(ending)"
            if !FileManager.default.fileExists(atPath: path) { return path }
        }
    }
}
