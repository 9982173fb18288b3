// The table of error codes that server and SDKs share (docs/errors.md).
// SPDX-License-Identifier: Apache-2.0

/// What went wrong, as a number that never changes its meaning.
///
/// 1xxx: the request; 2xxx: token and rights; 3xxx: rooms and people; 4xxx: media; 5xxx: the server;
/// 6xxx: given by SDKs alone, so not here; 7xxx: data.
package enum ErrorCode: Int, Codable, Hashable, Sendable, CaseIterable {
    case malformedMessage = 1000
    case messageTooLarge = 1001
    case nestingTooDeep = 1002
    case unknownMessageType = 1003
    case invalidArgument = 1004
    case invalidState = 1005
    case invalidRoomName = 1006
    case invalidParticipantID = 1007
    case invalidDisplayName = 1008
    case invalidMetadata = 1009
    case tooManyRequests = 1010
    case notFound = 1011
    case methodNotAllowed = 1012
    case unsupportedMediaType = 1013
    case preconditionFailed = 1014
    case preconditionRequired = 1015

    case tokenRequired = 2000
    case tokenMalformed = 2001
    case tokenAlgorithmRefused = 2002
    case tokenUnknownKey = 2003
    case tokenSignatureInvalid = 2004
    case tokenExpired = 2005
    case tokenNotYetValid = 2006
    case tokenWrongRoom = 2007
    case tokenWrongIdentity = 2008
    case permissionDenied = 2009

    case roomNotFound = 3000
    case roomFull = 3001
    case tooManyRooms = 3002
    case participantNotFound = 3003
    case duplicateIdentity = 3004
    case roomClosed = 3005
    case sessionNotFound = 3006
    case profileMismatch = 3007
    case kicked = 3008
    case banned = 3009
    case roomExists = 3010
    case tooManyBans = 3011

    case invalidOffer = 4000
    case offerTooLarge = 4001
    case sectionNotFound = 4002
    case sectionInUse = 4003
    case trackNotFound = 4004
    case sourceAlreadyPublished = 4005
    case tooManyTracks = 4006
    case noCommonCodec = 4007
    case sourceKindMismatch = 4008

    case internalError = 5000
    case serverOverloaded = 5001
    case serverShuttingDown = 5002
    case connectionTooSlow = 5003

    case tooManyStreams = 7000
    case streamNotFound = 7001
    case packetTooLarge = 7002
    case dataRateExceeded = 7003
    case deliveryUnsupported = 7004
    case tooManyRecipients = 7005
}

extension ErrorCode {
    /// What an error answer says unless it can say it more exactly: what happened and what to do.
    package var defaultMessage: String { row.message }

    /// The status of an HTTP answer that carries this code.
    package var httpStatus: Int { row.status }

    private var row: (status: Int, message: String) {
        switch self {
        case .malformedMessage:
            (400, "The message is no JSON object of the documented form; correct it.")
        case .messageTooLarge:
            (413, "The message is larger than allowed; send less.")
        case .nestingTooDeep:
            (400, "The JSON is nested too deeply; at most 32 levels are read.")
        case .unknownMessageType:
            (400, "This server does not know that message type; check the protocol version.")
        case .invalidArgument:
            (400, "A field has a value outside its range; correct it.")
        case .invalidState:
            (409, "This is not possible now: join first, and join only once.")
        case .invalidRoomName:
            (400, "A room name has 1 to 64 letters, digits, spaces and simple signs.")
        case .invalidParticipantID:
            (400, "A participant id has 1 to 64 letters, digits, spaces and simple signs.")
        case .invalidDisplayName:
            (400, "A display name has at most 256 bytes and no control characters.")
        case .invalidMetadata:
            (400, "Metadata has at most 4096 bytes.")
        case .tooManyRequests:
            (429, "Too many requests; wait and try again.")
        case .notFound:
            (404, "There is nothing at this address; check it.")
        case .methodNotAllowed:
            (405, "This address does not take that method; see the Allow header.")
        case .unsupportedMediaType:
            (415, "The body has another type than this address takes; see Accept-Post.")
        case .preconditionFailed:
            (412, "The ETag is of an older session state; read the current one and retry.")
        case .preconditionRequired:
            (428, "Send the session's ETag in If-Match.")
        case .tokenRequired:
            (401, "A token is needed; get one from your own backend.")
        case .tokenMalformed:
            (401, "The token is no signed JWT of the documented form; get a new one.")
        case .tokenAlgorithmRefused:
            (401, "Tokens must be signed with HS256.")
        case .tokenUnknownKey:
            (401, "The server has no key of the name in the token's `iss`; check the key name.")
        case .tokenSignatureInvalid:
            (401, "The token's signature does not match its key; check the secret.")
        case .tokenExpired:
            (401, "The token has expired; get a new one.")
        case .tokenNotYetValid:
            (401, "The token is not valid yet; check the clocks.")
        case .tokenWrongRoom:
            (403, "The token is for another room; get one for this room.")
        case .tokenWrongIdentity:
            (403, "The token is for another participant id; leave the id out or get another.")
        case .permissionDenied:
            (403, "The token does not grant this; get one that does.")
        case .roomNotFound:
            (404, "There is no such room; check its name.")
        case .roomFull:
            (409, "The room is full; try again when somebody has left.")
        case .tooManyRooms:
            (503, "The server has as many rooms as it takes; try again later.")
        case .participantNotFound:
            (404, "Nobody of that id is in the room.")
        case .duplicateIdentity:
            (409, "Somebody with that id is in the room; choose another id.")
        case .roomClosed:
            (410, "The room was closed; join it again to open a new one.")
        case .sessionNotFound:
            (404, "There is no such session; join again.")
        case .profileMismatch:
            (409, "The room has another profile; join it without naming one.")
        case .kicked:
            (403, "You were removed from the room.")
        case .banned:
            (403, "You were removed from the room and may not come back yet.")
        case .roomExists:
            (409, "There is a room of that name already.")
        case .tooManyBans:
            (409, "The room bans as many participants as it can; wait until a ban ends.")
        case .invalidOffer:
            (400, "The offer is no SDP that can be answered; send a new one.")
        case .offerTooLarge:
            (413, "The offer is too large or has too many sections; send a smaller one.")
        case .sectionNotFound:
            (400, "The last offer has no sending section of that mid; offer it first.")
        case .sectionInUse:
            (409, "That section already carries a track; unpublish it first.")
        case .trackNotFound:
            (404, "You publish no track of that id.")
        case .sourceAlreadyPublished:
            (409, "You publish that source already; unpublish it first.")
        case .tooManyTracks:
            (409, "You publish as many tracks as allowed; unpublish one first.")
        case .noCommonCodec:
            (422, "Offer and server share no codec; offer VP8, VP9, H.264, AV1 or Opus.")
        case .sourceKindMismatch:
            (400, "The section's kind does not fit the source; choose another section.")
        case .internalError:
            (500, "The server made a mistake; try again and report it.")
        case .serverOverloaded:
            (503, "The server is at its limit; try again later.")
        case .serverShuttingDown:
            (503, "The server is shutting down; try again shortly.")
        case .connectionTooSlow:
            (503, "The connection did not take messages fast enough; join again.")
        case .tooManyStreams:
            (409, "You have as many data streams as allowed; close one first.")
        case .streamNotFound:
            (404, "You have no data stream of that id; open one first.")
        case .packetTooLarge:
            (413, "The packet or message is larger than allowed; send less.")
        case .dataRateExceeded:
            (429, "You send more than allowed; nothing was sent, wait and send it again.")
        case .deliveryUnsupported:
            (501, "This way of delivery is not to be had here; use reliableOrdered.")
        case .tooManyRecipients:
            (400, "The message names too many recipients, or one twice; name fewer or none.")
        }
    }
}
