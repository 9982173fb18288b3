// The messages a server sends, as types, and which of them are numbered (docs/protocol.md).
// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest } from './clientMessages';
import type {
  AudioLevel,
  DescriptionBody,
  Grants,
  LeaveReason,
  ParticipantInfo,
  ParticipantQuality,
  ParticipantRole,
  RelayInfo,
  RoomInfo,
  SlotAssignment,
  TrackInfo,
  TrackQuality,
} from './messages';
import type { SpatialLayers } from './spatialLayers';

/** The server's answers, which carry the number of a request. */
export type ServerReply =
  | {
      type: 'joined';
      id: number;
      /** Whoever knows it may take the session over. */
      session: string;
      room: RoomInfo;
      participant: ParticipantInfo;
      grants?: Grants;
      /** How long the session is kept after a break; absent: not at all. */
      resumeSeconds?: number;
      answer: DescriptionBody;
      /** For who finds no direct way; absent: there are none. */
      iceServers?: RelayInfo[];
      participants: ParticipantInfo[];
      slots: SlotAssignment[];
    }
  | { type: 'resumed'; id: number; sequence: number }
  | { type: 'answer'; id: number; answer: DescriptionBody }
  | { type: 'streamOpened'; id: number; stream: number }
  | { type: 'sent'; id: number; unreachable?: string[] }
  | { type: 'ok'; id: number; track?: string };

/** What the server tells unasked. */
export type ServerEvent =
  | { type: 'participantJoined'; participant: ParticipantInfo }
  | { type: 'participantLeft'; participant: string; reason: LeaveReason }
  | { type: 'participantUpdated'; participant: ParticipantInfo }
  | { type: 'participantInterrupted'; participant: string }
  | { type: 'participantResumed'; participant: string }
  | { type: 'roleChanged'; role: ParticipantRole }
  | { type: 'permissionsChanged'; grants: Grants }
  /** The credentials told before end soon. */
  | { type: 'iceServersChanged'; iceServers: RelayInfo[] }
  | { type: 'tokenWillExpire'; deadline: number; secondsLeft: number }
  | { type: 'trackPublished'; participant: string; track: TrackInfo }
  | { type: 'trackUnpublished'; participant: string; track: string }
  | { type: 'trackMuted'; participant: string; track: string; muted: boolean }
  | { type: 'trackQuality'; participant: string; track: string; quality: TrackQuality }
  | { type: 'slots'; assignments: SlotAssignment[] }
  | {
      type: 'layersWanted';
      track: string;
      layers: readonly string[];
      /** By layer the most bits a second that anybody could use; of others there is no bound. */
      maxBitrates?: Readonly<Record<string, number>>;
      /** How many of the sizes within its only stream are wanted; absent: all. */
      spatialLayers?: SpatialLayers;
    }
  | { type: 'needSlots'; video: number; audio: number }
  | { type: 'audioLevels'; levels: AudioLevel[] }
  | { type: 'networkQuality'; qualities: ParticipantQuality[] }
  | {
      type: 'dataReceived';
      participant: string;
      stream: number;
      /** Base64. */
      data: string;
      userTimestamp?: number;
    }
  | {
      type: 'messageReceived';
      message?: string;
      /** Absent where the server itself says it. */
      participant?: string;
      toAll: boolean;
      content: string;
    }
  | { type: 'disconnected'; reason: LeaveReason; message: string; rejoin?: boolean };

/** What the server tells of the room, in the order of the session and over its breaks. */
export type RoomEvent = Exclude<ServerEvent, { type: 'disconnected' }>;

/** Messages about the link itself. */
export type LinkMessage =
  | {
      type: 'error';
      id?: number;
      code: number;
      message: string;
      retryAfterMilliseconds?: number;
    }
  | { type: 'ping' }
  | { type: 'pong'; id?: number };

/** Every message a server sends. */
export type ServerMessage = ServerReply | ServerEvent | LinkMessage;

/** The answer to `join`. */
export type JoinedReply = Extract<ServerReply, { type: 'joined' }>;

/** The type of reply that answers each request; all others are answered by `ok`. */
const replyTypes = {
  join: 'joined',
  resume: 'resumed',
  offer: 'answer',
  openStream: 'streamOpened',
  sendMessage: 'sent',
} as const;

type ReplyTypes = typeof replyTypes;

/** The reply that answers a request. */
export type ReplyTo<Request extends ClientRequest> = Request extends { type: infer Type }
  ? Extract<ServerReply, { type: Type extends keyof ReplyTypes ? ReplyTypes[Type] : 'ok' }>
  : never;

/** The type of the reply that answers a request. */
export function replyType(request: ClientRequest): ServerReply['type'] {
  return request.type in replyTypes ? replyTypes[request.type as keyof ReplyTypes] : 'ok';
}

const unnumbered: readonly string[] = [
  'joined',
  'resumed',
  'audioLevels',
  'networkQuality',
  'ping',
  'pong',
  'disconnected',
];

/**
 * Whether a message takes a number in its session's sequence. Those of a later version do too: the
 * server counts all but the few that are about the link itself or soon outdated.
 */
export function isNumbered(type: string): boolean {
  return !unnumbered.includes(type);
}
