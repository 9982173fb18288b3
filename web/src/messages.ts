// What the messages of the signalling protocol are made of, as types (docs/protocol.md).
// SPDX-License-Identifier: Apache-2.0

/** What a track shows. */
export type TrackSource = 'microphone' | 'camera' | 'screen' | 'screenAudio' | 'custom';

/** Whether a track is heard or seen. */
export type TrackKind = 'audio' | 'video';

/** How a room is used: everybody publishes, or hosts do and the audience only receives. */
export type RoomProfile = 'communication' | 'broadcast';

/** What somebody is in a room: one of those who publish, or of those who only receive. */
export type ParticipantRole = 'host' | 'audience';

/** Whose media comes first when there is not enough room for all. */
export type MediaPriority = 'normal' | 'high';

/** Which of the sizes that a video is sent in: the smallest, the one in the middle, the largest. */
export type VideoQuality = 'low' | 'medium' | 'high';

/** How good somebody's network is; `down`: nothing gets through. */
export type NetworkGrade = 'unknown' | 'excellent' | 'good' | 'fair' | 'poor' | 'bad' | 'down';

/** How much of a picture one is sent, as far as one's network carries. */
export type TrackQuality = 'full' | 'reduced' | 'paused';

/** How packets of a data stream arrive. */
export type DataDelivery = 'reliableOrdered' | 'unreliableOrdered' | 'unreliableUnordered';

/** A track as everybody in the room sees it. */
export interface TrackInfo {
  readonly id: string;
  readonly source: TrackSource;
  readonly kind: TrackKind;
  readonly muted: boolean;
}

/** Small named texts of the application. */
export type Attributes = { readonly [name: string]: string };

/** Changes of attributes; null takes one away. */
export type AttributesChange = { readonly [name: string]: string | null };

/** A participant as the others see it. */
export interface ParticipantInfo {
  readonly id: string;
  readonly name?: string;
  readonly metadata?: string;
  readonly attributes?: Attributes;
  /** Left out for hosts. */
  readonly role?: ParticipantRole;
  /** Left out where it is normal. */
  readonly priority?: MediaPriority;
  /** Whether its connection is broken for now. */
  readonly interrupted?: boolean;
  readonly tracks: readonly TrackInfo[];
}

/** A room as its members see it. */
export interface RoomInfo {
  readonly name: string;
  /** A new one each time a room of that name comes into being. */
  readonly id?: string;
  readonly profile: RoomProfile;
  readonly metadata?: string;
}

/** What one may do in a room. */
export interface Grants {
  /** Whether one may publish: everything, nothing, or these sources. */
  readonly publish: boolean | readonly TrackSource[];
  readonly subscribe: boolean;
  /** Whether data and messages may be sent. */
  readonly data: boolean;
  readonly role?: ParticipantRole;
  /** Whether one may change one's role oneself. */
  readonly changeRole: boolean;
  /** Whether one may change one's own name, metadata and attributes. */
  readonly updateSelf: boolean;
  /** Whether one may remove and change others. */
  readonly admin: boolean;
  /** Whether one is unknown to the others. */
  readonly hidden: boolean;
}

/** Changes of what somebody may do; what is left out stays. */
export type GrantsChange = Partial<Omit<Grants, 'role' | 'admin'>>;

/** What one changes of oneself; what is left out stays. */
export interface SelfUpdate {
  readonly name?: string;
  readonly metadata?: string;
  readonly attributes?: AttributesChange;
}

/** What is changed of somebody else; what is left out stays. */
export interface ParticipantChange extends SelfUpdate {
  readonly role?: ParticipantRole;
  readonly grants?: GrantsChange;
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

/** How good somebody's network is, in both directions. */
export interface ParticipantQuality {
  readonly participant: string;
  /** From the participant to the server. */
  readonly up: NetworkGrade;
  /** From the server to the participant. */
  readonly down: NetworkGrade;
}

/** An offer or answer: plain, or as base64 of raw deflate. */
export type DescriptionBody = { readonly sdp: string } | { readonly deflated: string };

/** A relay for clients that find no direct way, as `RTCIceServer` has it. */
export interface RelayInfo {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
}

/** Why a session ended, or somebody went; `becameAudience` is never why a session ended. */
export type LeaveReason =
  | 'left'
  | 'duplicateIdentity'
  | 'kicked'
  | 'roomClosed'
  | 'timeout'
  | 'networkLost'
  | 'serverShutdown'
  | 'tokenExpired'
  | 'fellBehind'
  | 'becameAudience';
