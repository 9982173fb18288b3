// The messages a client sends, as types (docs/protocol.md).
// SPDX-License-Identifier: Apache-2.0
import type {
  Attributes,
  DataDelivery,
  DescriptionBody,
  MediaPriority,
  NetworkGrade,
  ParticipantChange,
  ParticipantRole,
  RoomProfile,
  SelfUpdate,
  TrackKind,
  TrackSource,
  VideoQuality,
} from './messages';

/** Which halves of data streams one takes part in. */
export type DataDirection = 'publish' | 'subscribe';

/** Whether others' tracks are subscribed as they come: all, none, or those of one kind. */
export type AutoSubscribe = boolean | TrackKind;

/** How one takes part; what is left out has the protocol's default. */
export interface JoinMessageOptions {
  autoSubscribe?: AutoSubscribe;
  profile?: RoomProfile;
  role?: ParticipantRole;
  priority?: MediaPriority;
  preempt?: boolean;
  audioRanking?: boolean;
  data?: readonly DataDirection[];
  /** This client numbers what it receives, so that its session can be taken up again. */
  resume?: boolean;
}

/** What a client asks, without the number that the session gives it. */
export type ClientRequest =
  | {
      type: 'join';
      room: string;
      token?: string;
      participant?: string;
      name?: string;
      metadata?: string;
      attributes?: Attributes;
      offer: DescriptionBody;
      options: JoinMessageOptions;
    }
  | { type: 'resume'; session: string; lastSequence: number }
  | { type: 'offer'; offer: DescriptionBody }
  | { type: 'publish'; source: TrackSource; mid: string; muted?: boolean }
  | { type: 'unpublish'; track: string }
  | { type: 'mute'; track: string; muted: boolean }
  | { type: 'subscribe'; participant: string; source?: TrackSource }
  | { type: 'unsubscribe'; participant: string; source?: TrackSource }
  | {
      type: 'setQuality';
      participant: string;
      source: TrackSource;
      quality?: VideoQuality;
      width?: number;
      height?: number;
    }
  | { type: 'setRole'; role: ParticipantRole }
  | ({ type: 'updateSelf' } & SelfUpdate)
  | { type: 'renewToken'; token: string }
  | { type: 'openStream'; delivery: DataDelivery }
  | { type: 'sendData'; stream: number; data: string; userTimestamp?: number }
  | { type: 'closeStream'; stream: number }
  | { type: 'sendMessage'; message?: string; to?: readonly string[]; content: string }
  | { type: 'removeParticipant'; participant: string; banSeconds?: number }
  | ({ type: 'changeParticipant'; participant: string } & ParticipantChange)
  | { type: 'leave' };

/** What a client tells without waiting for an answer. */
export type ClientNotice =
  | { type: 'reportQuality'; up: NetworkGrade; down: NetworkGrade }
  | { type: 'ping'; id?: number }
  | { type: 'pong'; lastSequence?: number };

/** Every message a client sends. */
export type ClientMessage = (ClientRequest & { id: number }) | ClientNotice;
