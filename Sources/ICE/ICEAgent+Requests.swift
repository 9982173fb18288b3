// Answering the checks of the peer: all that a lite agent does, and half of what a full one does.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

extension ICEAgent {
    /// The priority of our side of a path whose local candidate is not known: that of a host
    /// candidate.
    static let assumedLocalPriority: UInt32 = 126 << 24 | 0xFF_FFFF

    /// Takes a Binding request (RFC 8445 §7.3).
    mutating func receiveRequest(
        _ message: STUNMessage, _ datagram: Span<UInt8>, on path: TransportPath
    ) throws(ICEDropReason) {
        guard let username = message.username(in: datagram), message.hasIntegrity else {
            throw .unauthenticated
        }
        let owner = try generation(ofUsername: datagram.extracting(username))
        let keys = owner == generation ? local : (previousLocal ?? local)
        guard message.verifyIntegrity(in: datagram, key: keys.password.span) else {
            throw .wrongIntegrity
        }
        guard replies.count < ICELimits.replies else { throw .tooManyReplies }
        let finding = memory.note(message.transactionID, on: path)
        guard finding != .replayed else { throw .replayed }
        if owner == generation { previousLocal = nil }
        if message.unknownAttributeCount > 0 {
            reply(.unknownAttributes(message.unknownAttributes), to: message, on: path, owner)
            return
        }
        guard settleRole(message) else {
            reply(.roleConflict, to: message, on: path, owner)
            return
        }
        reply(.success, to: message, on: path, owner)

        let index = learn(
            path, localPriority: localPriority(ofSocket: path.socket),
            remotePriority: message.priority ?? 0, generation: owner)
        if owner == generation { paths[index].enter(generation: owner, at: now) }
        noteAlive(at: index)
        validate(index)
        if isLite {
            paths[index].isUsable = true
            // The peer's candidates are known from its checks alone.
            if let priority = message.priority { paths[index].remotePriority = priority }
        }
        if !message.useCandidate { paths[index].wasCheckedPlainly = true }
        if message.useCandidate, role == .controlled, finding == .new {
            paths[index].isNominationPending = !paths[index].isUsable
            if paths[index].isUsable { follow(nominationOf: index) }
        }
        if !isLite { trigger(index) }
    }

    /// Writes a reply.
    /// - Returns: `false` if the credentials it belongs to are gone.
    func write(_ reply: ICEReply, into output: inout OutputSpan<UInt8>) -> Bool {
        guard let keys = reply.generation == generation ? local : previousLocal else {
            return false
        }
        let key = keys.password.span
        return switch reply.content {
        case .success:
            STUNWriter.writeBindingSuccess(
                reply.transactionID, mappedAddress: reply.path.remote, key: key, into: &output)
        case .roleConflict:
            STUNWriter.writeBindingError(
                reply.transactionID, code: .roleConflict, key: key, into: &output)
        case .unknownAttributes(let types):
            STUNWriter.writeBindingError(
                reply.transactionID, code: .unknownAttribute, unknownAttributes: types, key: key,
                into: &output)
        }
    }

    private mutating func reply(
        _ content: ICEReply.Content, to message: STUNMessage, on path: TransportPath,
        _ owner: UInt32
    ) {
        replies.append(
            ICEReply(
                path: path, transactionID: message.transactionID, generation: owner,
                content: content))
    }

    /// The generation whose username fragment stands before the colon.
    private func generation(ofUsername username: Span<UInt8>) throws(ICEDropReason) -> UInt32 {
        if ICEAgent.names(local.usernameFragment, username) { return generation }
        if let previousLocal, ICEAgent.names(previousLocal.usernameFragment, username) {
            return generation &- 1
        }
        throw .unknownUsername
    }

    private static func names(_ fragment: [UInt8], _ username: Span<UInt8>) -> Bool {
        guard username.uint8(at: fragment.count) == UInt8(ascii: ":") else { return false }
        for index in fragment.indices where fragment[index] != username[index] { return false }
        return true
    }

    /// Settles a conflict of roles (RFC 8445 §7.3.1.1).
    /// - Returns: `false` if the peer must give way: it is answered 487.
    private mutating func settleRole(_ message: STUNMessage) -> Bool {
        if isLite {
            // A lite agent is never controlling towards a full one (RFC 8445 §6.1.1).
            return message.iceControlled == nil
        }
        if role == .controlling, let theirs = message.iceControlling {
            if tieBreaker >= theirs { return false }
            change(role: .controlled)
        } else if role == .controlled, let theirs = message.iceControlled {
            if tieBreaker < theirs { return false }
            change(role: .controlling)
        }
        return true
    }
}
