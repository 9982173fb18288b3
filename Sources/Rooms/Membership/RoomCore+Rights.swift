// Rights that change while their holder is in the room.
// SPDX-License-Identifier: Apache-2.0
package import Signaling
package import Wire

extension RoomCore {
    /// Puts a verified token in the place of the one a session came with; its grants hold at once.
    /// Name and metadata stay as they are. Answered by `ok` if the session asked for it.
    /// - Throws: `.invalidState` if the session is not here, `.tokenWrongIdentity` if the token is
    ///   somebody else's; then nothing has changed.
    package mutating func renew(
        _ session: SessionKey, _ token: RenewedToken, requestID: RequestID?, at now: MediaInstant
    ) throws(SignalingError) {
        let index = try member(session)
        guard participants[index].id == token.participant else {
            throw SignalingError(.tokenWrongIdentity, requestID: requestID)
        }
        heard(from: session, at: now)
        participants[index].token = token.life
        participants[index].wasWarned = false
        if let requestID { tell(session, .ok(requestID, nil)) }
        setGrants(token.grants, ofParticipantAt: index)
        if let role = token.grants.role, !token.grants.changeRole {
            setRole(role, of: session)
        }
        noteDeadline(of: index)
        flush()
    }

    /// Tells a session of relays with other credentials; they come again after a break, as all that is numbered.
    package mutating func tellRelays(_ servers: [ICEServer], to session: SessionKey) {
        tell(session, .iceServersChanged(servers))
    }

    /// Lets new grants take effect and tells their holder.
    mutating func setGrants(_ grants: TokenGrants, ofParticipantAt index: Int) {
        let before = participants[index]
        guard before.grants != grants else { return }
        participants[index].grants = grants
        tell(before.key, .permissionsChanged(grants))
        applyStanding(of: index, before: before, leaving: .left)
    }

    /// Brings tracks, presence and slots in line with what a member may do now.
    ///
    /// Who may not publish at all any more has its tracks suspended: they come back with the right.
    /// Tracks of a source that alone was taken away are unpublished for good.
    /// - Parameters:
    ///   - before: The member as it was.
    ///   - reason: What the others are told if they see it no more.
    mutating func applyStanding(
        of index: Int, before: Participant, leaving reason: DisconnectReason
    ) {
        let isVisible = participants[index].isVisible
        let isPublisher = participants[index].isPublisher
        if before.isPublisher && !isPublisher { suspendTracks(of: index, telling: isVisible) }
        if before.isVisible && !isVisible {
            broadcast(.participantLeft(before.id, reason), except: before.number)
            clearSeats(ofPublisher: before.number)
        }
        withdrawUngranted(index)
        if !before.isVisible && isVisible {
            if isPublisher { resumeTracks(of: index, telling: false) }
            broadcast(.participantJoined(participants[index].info), except: before.number)
            // Who has just come to see it knows nothing of its network.
            participants[index].quality.told = nil
            seatTracks(of: index)
        } else if !before.isPublisher && isPublisher {
            resumeTracks(of: index, telling: true)
            seatTracks(of: index)
        }
        if before.grants.subscribe != participants[index].grants.subscribe {
            for publisher in participants.indices where publisher != index {
                updateWishes(ofReceiverAt: index, forPublisherAt: publisher)
            }
            settle(index)
        }
    }

    private mutating func suspendTracks(of index: Int, telling isTold: Bool) {
        let tracks = participants[index].tracks
        participants[index].suspendedTracks += tracks
        for track in tracks {
            emit(.setPaused(publisher: participants[index].key, mid: track.mid, true))
            // Where the whole participant disappears, that says it all.
            if isTold {
                removeTrack(track.number, ofParticipantAt: index)
            }
        }
        participants[index].tracks = []
        ranking.noteChange()
    }

    private mutating func resumeTracks(of index: Int, telling isTold: Bool) {
        let tracks = participants[index].suspendedTracks
        participants[index].suspendedTracks = []
        for track in tracks {
            participants[index].tracks.append(track)
            ranking.noteChange()
            emit(
                .setPaused(publisher: participants[index].key, mid: track.mid, track.isMuted))
            emitRank(of: track, publisherAt: index)
            if isTold {
                broadcast(
                    .trackPublished(participants[index].id, track.info),
                    except: participants[index].number)
            }
        }
    }

    private mutating func seatTracks(of publisher: Int) {
        for receiver in participants.indices where receiver != publisher {
            updateWishes(ofReceiverAt: receiver, forPublisherAt: publisher)
            settle(receiver)
        }
    }

    private mutating func withdrawUngranted(_ index: Int) {
        let granted = participants[index].grants.publish
        for track in participants[index].tracks where !granted.contains(track.source) {
            removeTrack(track.number, ofParticipantAt: index)
            tellWithdrawn(track, index)
        }
        let suspended = participants[index].suspendedTracks
        participants[index].suspendedTracks.removeAll { !granted.contains($0.source) }
        for track in suspended where !granted.contains(track.source) {
            tellWithdrawn(track, index)
        }
    }

    /// The publisher did not ask for this, so it is told as well.
    private mutating func tellWithdrawn(_ track: PublishedTrack, _ index: Int) {
        tell(participants[index].key, .trackUnpublished(participants[index].id, track.id))
    }
}
