// A call of two from joining to leaving, one step after the other, with the numbers that Alibaba's callbacks have.
// SPDX-License-Identifier: Apache-2.0
import ExampleSupport
import Foundation
import Martlet
import MediaCodecs

/// Run it twice, as two participants of one room: each waits for the other. The steps are those of the demo that Alibaba publishes
/// for its SDK for Linux; the numbers of states are the same (0, 1, 2, 3).
@main
struct DemoFlow {
    static func main() async throws {
        let arguments = Arguments(usage: "")
        let room = Room()
        // Each step reads from a stream of its own, which was there before anything happened: no step misses what came while
        // another waited.
        let publishing = room.events
        let people = room.events
        let subscribing = room.events
        let data = room.events
        let metadata = room.events
        let leavings = room.events
        leaveOnSignals(room)

        // JoinChannel: returns when one is in.
        try await room.join(arguments.join)
        let me = room.localParticipant.id ?? ""
        say("1 joined \(await room.name ?? "") as \(me)")

        // PublishLocalVideoStream and PublishLocalAudioStream: sources that are pushed into, by the tasks below.
        let camera = try VideoSource()
        let microphone = try AudioSource()
        var options = VideoPublishOptions()
        options.codec = .h264
        let publication = try await room.localParticipant.publish(camera, as: .camera, options)
        try await room.localParticipant.publish(microphone, as: .microphone)
        let pushing = [
            Task { try await DemoMedia.show(in: camera) },
            Task { try await DemoMedia.sound(in: microphone) },
        ]
        // OnVideoPublishStateChanged and OnAudioPublishStateChanged.
        try await watch(publishing, count: 2) { event in
            guard case .publishStateChanged(let source, let from, let to) = event else {
                return nil
            }
            say("2 publishing the \(source.rawValue): \(from.rawValue) -> \(to.rawValue)")
            return to == .published
        }

        // OnRemoteUserOnLineNotify: whoever was there before is told of as well.
        var others = await room.remoteParticipants.map(\.id)
        if others.isEmpty {
            try await watch(people, count: 1) { event in
                guard case .participantJoined(let participant) = event else { return nil }
                others.append(participant.id)
                return true
            }
        }
        say("3 online: \(others.joined(separator: ", "))")

        // OnSubscribeStateChanged: all is wanted unless JoinOptions.autoSubscribe says otherwise.
        try await watch(subscribing, count: 2) { event in
            guard case .subscribeStateChanged(let track, let from, let to) = event else {
                return nil
            }
            let whose = "\(track.participant)'s \(track.source.rawValue)"
            say("4 subscribing to \(whose): \(from.rawValue) -> \(to.rawValue)")
            return to == .subscribed
        }

        // SendDataChannelMsg and OnDataChannelMsg: to everybody, once and in order.
        let stream = try await room.localParticipant.openDataStream()
        try await stream.send(Array("hello from \(me)".utf8))
        try await watch(data, count: 1) { event in
            guard case .dataReceived(let sender, _, let bytes, _) = event else { return nil }
            say("5 data from \(sender): \(String(decoding: bytes, as: UTF8.self))")
            return true
        }

        // SendMediaExtensionMsg and OnMediaExtensionMsgReceived: bytes inside the pictures (SEI), which only H.264 can carry. Three
        // pictures carry them, against loss; the other is told once.
        try publication.sendMetadata(Array("a picture of \(me)".utf8), repeats: 3)
        try await watch(metadata, count: 1) { event in
            guard case .metadataReceived(let sender, _, let bytes) = event else { return nil }
            say("6 with a picture of \(sender): \(String(decoding: bytes, as: UTF8.self))")
            return true
        }

        // LeaveChannel, when the other has seen everything too; OnRemoteUserOffLineNotify for whoever stays longer.
        try await stream.send(Array("goodbye".utf8))
        try await watch(data, count: 1) { event in
            guard case .dataReceived = event else { return nil }
            return true
        }
        for task in pushing { task.cancel() }
        await room.leave()
        try await watch(leavings, count: 1) { event in
            guard case .connectionChanged(let change) = event,
                case .disconnected(let reason) = change.to
            else { return nil }
            say("7 left: \(reason.rawValue)")
            return true
        }
    }

    /// Reads events until something has happened `count` times.
    /// - Parameter look: `nil` for events that are of no interest, `true` for those that count.
    @MainActor static func watch(
        _ events: AsyncStream<RoomEvent>, count: Int, _ look: (RoomEvent) -> Bool?
    ) async throws {
        var left = count
        for await event in events {
            if look(event) == true { left -= 1 }
            if left == 0 { return }
        }
        throw CancellationError()
    }
}
