// Data streams and messages: taken whole, or refused with the time to wait.
// SPDX-License-Identifier: Apache-2.0
import Signaling
import Wire

extension RoomCore {
    // MARK: Data streams

    mutating func openStream(
        _ session: SessionKey, _ delivery: DataDelivery
    ) throws(SignalingError) -> DataStreamID {
        let index = try member(session)
        try checkSending(ofParticipantAt: index)
        guard delivery == .reliableOrdered else { throw SignalingError(.deliveryUnsupported) }
        guard participants[index].data.streams.count < configuration.data.streamsPerUser,
            let number = participants[index].data.open(), let id = DataStreamID(number)
        else { throw SignalingError(.tooManyStreams) }
        return id
    }

    mutating func closeStream(
        _ session: SessionKey, _ stream: DataStreamID
    ) throws(SignalingError) {
        let index = try member(session)
        let position = participants[index].data.streams.firstIndex(of: stream.number)
        guard let position else { throw SignalingError(.streamNotFound) }
        participants[index].data.streams.remove(at: position)
    }

    /// Sends a packet to everybody else who receives data.
    mutating func sendData(
        _ session: SessionKey, _ packet: OutgoingData, at now: MediaInstant
    ) throws(SignalingError) {
        let index = try member(session)
        try checkSending(ofParticipantAt: index)
        guard participants[index].data.streams.contains(packet.stream.number) else {
            throw SignalingError(.streamNotFound)
        }
        let count = packet.bytes.count
        guard count <= configuration.data.packetBytesMax,
            let ownWait = participants[index].data.packets.wait(for: count, at: now),
            let roomWait = roomData.wait(for: count, at: now)
        else { throw SignalingError(.packetTooLarge) }
        try checkWait(max(ownWait, roomWait))
        participants[index].data.packets.spend(count, at: now)
        roomData.spend(count, at: now)
        broadcast(
            .dataReceived(
                IncomingData(
                    participant: participants[index].id, stream: packet.stream,
                    bytes: packet.bytes, userTimestamp: packet.userTimestamp)),
            except: participants[index].number, where: { $0.entry.options.receivesData })
    }

    /// Data streams are for those who publish: in a broadcast for its hosts.
    private func checkSending(ofParticipantAt index: Int) throws(SignalingError) {
        let sender = participants[index]
        guard sender.grants.data, !sender.grants.hidden, sender.entry.options.publishesData,
            profile != .broadcast || sender.role == .host
        else { throw SignalingError(.permissionDenied) }
    }

    private func checkWait(_ wait: MediaDuration) throws(SignalingError) {
        guard wait > .zero else { return }
        var refusal = SignalingError(.dataRateExceeded)
        refusal.retryAfter = wait
        throw refusal
    }

    // MARK: Messages

    /// Sends a message to those it names, or to everybody else.
    /// - Returns: Those named who are not here. If that is all of them, the message is refused.
    mutating func sendMessage(
        _ session: SessionKey, _ message: OutgoingMessage, at now: MediaInstant
    ) throws(SignalingError) -> [ParticipantID] {
        let index = try member(session)
        guard participants[index].grants.data, !participants[index].grants.hidden else {
            throw SignalingError(.permissionDenied)
        }
        let count = message.content.utf8.count
        guard count <= configuration.data.messageBytesMax,
            let wait = participants[index].data.messages.wait(for: count, at: now)
        else { throw SignalingError(.packetTooLarge) }
        let audience = try recipients(message.to)
        try checkWait(wait)
        participants[index].data.messages.spend(count, at: now)
        deliver(message, from: participants[index], to: audience.present)
        return audience.absent
    }

    /// Finds those a message names; `nil` names everybody. Only the server reaches hidden ones.
    func recipients(
        _ named: [ParticipantID]?, fromServer isServer: Bool = false
    ) throws(SignalingError) -> (present: [UInt64]?, absent: [ParticipantID]) {
        guard let named else { return (nil, []) }
        guard !named.isEmpty, named.count <= configuration.data.messageRecipientsMax,
            Set(named).count == named.count
        else { throw SignalingError(.tooManyRecipients) }
        var present: [UInt64] = []
        var absent: [ParticipantID] = []
        for id in named {
            if let index = index(of: id), participants[index].hearsMessages,
                isServer || !participants[index].grants.hidden
            {
                present.append(participants[index].number)
            } else {
                absent.append(id)
            }
        }
        guard !present.isEmpty else { throw SignalingError(.participantNotFound) }
        return (present, absent)
    }

    /// Hands a message to those of the numbers, or to everybody but its sender.
    mutating func deliver(
        _ message: OutgoingMessage, from sender: Participant?, to numbers: [UInt64]?
    ) {
        let incoming = ServerMessage.messageReceived(
            IncomingMessage(
                message: message.message, participant: sender?.id, toAll: numbers == nil,
                content: message.content))
        if let numbers {
            broadcast(incoming, except: nil, where: { numbers.contains($0.number) })
        } else {
            broadcast(incoming, except: sender?.number)
        }
    }
}
