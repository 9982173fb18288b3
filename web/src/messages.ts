// The messages of the signalling protocol as types (docs/protocol.md).
// SPDX-License-Identifier: Apache-2.0

/** What a track shows. */
export type TrackSource = 'microphone' | 'camera' | 'screen' | 'screenAudio' | 'custom';

/** Whether a track is heard or seen. */
export type TrackKind = 'audio' | 'video';

/** A track as everybody in the room sees it. */
export interface TrackInfo {
  readonly id: string;
  readonly source: TrackSource;
  readonly kind: TrackKind;
  readonly muted: boolean;
}

/** A participant as the others see it. */
export interface ParticipantInfo {
  readonly id: string;
  readonly name?: string;
  readonly metadata?: string;
  readonly tracks: readonly TrackInfo[];
}

/** What a receiving section shows; `participant` and `track` are null when it is empty. */
export interface SlotAssignment {
  readonly mid: string;
  readonly participant: string | null;
  readonly track: string | null;
  /** The slot's RTP timestamp from which on it shows the track; absent until media flows. */
  readonly rtpTimestamp?: number;
}

/** How loud somebody is: 0 is the loudest, 127 silence (-dBov, RFC 6464). */
export interface AudioLevel {
  readonly participant: string;
  readonly level: number;
}

/** An offer or answer: plain, or as base64 of raw deflate. */
export type DescriptionBody = { readonly sdp: string } | { readonly deflated: string };

/** Why a session ended, or somebody went. */
export type LeaveReason =
  | 'left'
  | 'duplicateIdentity'
  | 'kicked'
  | 'roomClosed'
  | 'timeout'
  | 'networkLost'
  | 'serverShutdown'
  | 'tokenExpired';

/** What a client asks, without the number that the socket gives it. */
export type ClientRequest =
  | {
      type: 'join';
      room: string;
      token?: string;
      participant?: string;
      name?: string;
      metadata?: string;
      offer: DescriptionBody;
      options: { autoSubscribe: boolean };
    }
  | { type: 'offer'; offer: DescriptionBody }
  | { type: 'publish'; source: TrackSource; mid: string; muted?: boolean }
  | { type: 'unpublish'; track: string }
  | { type: 'mute'; track: string; muted: boolean }
  | { type: 'subscribe'; participant: string; source?: TrackSource }
  | { type: 'unsubscribe'; participant: string; source?: TrackSource }
  | { type: 'leave' };

/** Every message a client sends. */
export type ClientMessage =
  | (ClientRequest & { id: number })
  | { type: 'ping'; id?: number }
  | { type: 'pong' };

/** The server's answers, which carry the number of a request. */
export type ServerReply =
  | {
      type: 'joined';
      id: number;
      session: string;
      room: { name: string };
      participant: ParticipantInfo;
      answer: DescriptionBody;
      participants: ParticipantInfo[];
      slots: SlotAssignment[];
    }
  | { type: 'answer'; id: number; answer: DescriptionBody }
  | { type: 'ok'; id: number; track?: string };

/** What the server tells unasked. */
export type ServerEvent =
  | { type: 'participantJoined'; participant: ParticipantInfo }
  | { type: 'participantLeft'; participant: string; reason: LeaveReason }
  | { type: 'trackPublished'; participant: string; track: TrackInfo }
  | { type: 'trackUnpublished'; participant: string; track: string }
  | { type: 'trackMuted'; participant: string; track: string; muted: boolean }
  | { type: 'slots'; assignments: SlotAssignment[] }
  | { type: 'needSlots'; video: number; audio: number }
  | { type: 'audioLevels'; levels: AudioLevel[] }
  | { type: 'disconnected'; reason: LeaveReason; message: string };

/** Messages about the link itself. */
export type LinkMessage =
  | { type: 'error'; id?: number; code: number; message: string }
  | { type: 'ping' }
  | { type: 'pong'; id?: number };

/** Every message a server sends. */
export type ServerMessage = ServerReply | ServerEvent | LinkMessage;

/** The answer to `join`. */
export type JoinedReply = Extract<ServerReply, { type: 'joined' }>;
