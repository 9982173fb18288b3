// What a client's session asks of its driver, and what it tells the application.
// SPDX-License-Identifier: Apache-2.0
package import Signaling

/// Why the driver is asked for an offer.
package enum OfferPurpose: Hashable, Sendable {
    /// For a media link made anew; the offer goes with `join`.
    case join
    /// To restart ICE.
    case restart
    /// To receive more: so many more pairs and audio-only slots.
    case slots(SlotDemand)
}

/// One offer asked for; an older one than the last asked for is ignored.
package struct OfferTicket: Hashable, Sendable {
    /// Grows with each offer asked for.
    package let number: UInt64
    /// What it is for.
    package let purpose: OfferPurpose
}

/// Something to be done, in the order polled.
package enum SessionAction: Hashable, Sendable {
    /// Open a socket.
    case openSocket
    /// Close the socket, or give up opening it; nothing it still brings is to be handed in.
    case closeSocket
    /// Send a message over the socket.
    case send(ClientMessage)
    /// Make an offer and hand it in with `offered`. For `.join` of a media link made anew.
    case makeOffer(OfferTicket)
    /// Take the answer to the offer of that ticket.
    case takeAnswer(OfferTicket, SDPBody)
    /// Go on with relays that have other credentials: those known before end soon.
    case useRelays([ICEServer])
    /// Throw the media link away.
    case endMedia
}

/// Where publishing a source stands.
package enum PublishState: String, Codable, Hashable, Sendable, CaseIterable {
    /// Nothing was asked for yet.
    case idle
    /// It is not published.
    case unpublished
    /// It was asked for.
    case publishing
    /// The others can have it.
    case published
}

/// Where receiving a track stands.
package enum SubscribeState: String, Codable, Hashable, Sendable, CaseIterable {
    /// It is not known.
    case idle
    /// It is known and not wanted.
    case unsubscribed
    /// It is wanted and has no slot, or its slot shows it not yet.
    case subscribing
    /// It is received.
    case subscribed
}

/// What became of a request.
package enum RequestOutcome: Hashable, Sendable {
    /// It was done; the server's answer.
    case done(ServerMessage)
    /// It was not done.
    case refused(SignalingError)
    /// The session ended before an answer came: whether it was done is not known.
    case lost
}

/// Something an application is told.
package enum SessionEvent: Hashable, Sendable {
    /// The connection moved.
    case changed(ConnectionChange)
    /// The server told something of the room; what the session keeps agrees with it already. After a
    /// restart the differences to before are told in the same way.
    case told(ServerMessage)
    /// A request has its answer.
    case answered(RequestID, RequestOutcome)
    /// The session ended while a packet of this stream was under way, and whether it arrived is not known; or the server
    /// refused it.
    case packetLost(DataStreamHandle)
    /// What was published in a section is so no more, and is not published again: the server took it back, or refuses it to a new
    /// session, for that reason.
    case withdrawn(TrackSource, MediaSectionID, SignalingError)
    /// Publishing a source went on.
    case publishing(TrackSource, from: PublishState, to: PublishState)
    /// Receiving a track went on.
    case subscribing(ParticipantID, TrackInfo, from: SubscribeState, to: SubscribeState)
}
