// Every event of a room and what it carries.
// SPDX-License-Identifier: Apache-2.0
import type { ParticipantLevel } from './audioLevel';
import type { ConnectionChange, LostLink } from './connectionMoves';
import type { LocalParticipant } from './LocalParticipant';
import type { LocalTrack, PublishState } from './LocalTrack';
import type { MartletError } from './MartletError';
import type {
  Grants,
  LeaveReason,
  ParticipantQuality,
  ParticipantRole,
  TrackKind,
  TrackQuality,
  TrackSource,
} from './messages';
import type { QualityIncident } from './qualityIncidents';
import type { RemoteParticipant } from './RemoteParticipant';
import type { RemoteTrack, SubscribeState } from './RemoteTrack';

/** Events of a room by name. */
export interface RoomEvents {
  /** The connection moved; `error` says more where something failed. After a move to
   * `disconnected` the room has no participants and no tracks. */
  connectionStateChanged: ConnectionChange & {
    /** The first try, when the state is `reconnecting`; `reconnectAttempt` tells the others. */
    readonly attempt?: number;
    /** Which link is broken, when the state is `reconnecting`. */
    readonly lostLink?: LostLink;
    readonly error?: MartletError;
  };
  /** While `reconnecting`: a try to come back begins. */
  reconnectAttempt: { readonly attempt: number; readonly lostLink: LostLink };

  /** Somebody came. Who was there before oneself is in `participants` without this event. */
  participantJoined: { readonly participant: RemoteParticipant };
  /** Somebody went; its tracks are gone already. */
  participantLeft: { readonly participant: RemoteParticipant; readonly reason: LeaveReason };
  /** Somebody has another name, text, role or priority. */
  participantUpdated: { readonly participant: RemoteParticipant };
  /** Somebody's connection broke; its tracks stay, and it may come back. */
  participantInterrupted: { readonly participant: RemoteParticipant };
  /** Somebody whose connection broke is back. */
  participantResumed: { readonly participant: RemoteParticipant };

  /** One's own name, text or priority is another, whoever changed it. */
  localParticipantUpdated: { readonly participant: LocalParticipant };
  /** One's own role is another, whoever changed it. Who becomes one of the audience stops sending
   * by itself; what was published is sent again when one becomes a host. */
  roleChanged: { readonly role: ParticipantRole };
  /** One may do something else from now on. */
  permissionsChanged: { readonly grants: Grants };
  /** The session ends at `deadline` unless `renewToken` is called before. */
  tokenWillExpire: { readonly deadline: Date; readonly secondsLeft: number };

  /** Somebody began to publish a track. */
  trackPublished: RemoteTrackEvent;
  /** Somebody ceased to publish a track. */
  trackUnpublished: RemoteTrackEvent;
  /** Somebody silenced a track, or it came back. */
  trackMuted: RemoteTrackEvent & { readonly muted: boolean };
  /** One is sent more or less of a picture, as far as one's network carries. */
  trackQualityChanged: RemoteTrackEvent & { readonly quality: TrackQuality };
  /** A track can be seen or heard from now on: it has a slot. */
  trackStarted: RemoteTrackEvent;
  /** A track lost its slot; elements attached to it are blank. */
  trackStopped: RemoteTrackEvent;
  /** A track is subscribed: told once, also if its slot changes later. */
  trackSubscribed: RemoteTrackEvent;
  /** A subscription went a step further or back. */
  subscribeStateChanged: RemoteTrackEvent & {
    readonly from: SubscribeState;
    readonly to: SubscribeState;
  };

  /** One of one's own tracks is published. */
  localTrackPublished: { readonly track: LocalTrack };
  /** One of one's own tracks is published no longer. */
  localTrackUnpublished: {
    readonly track: LocalTrack;
    readonly reason: UnpublishReason;
  };
  /** The device of a track was unplugged, its sharing was ended outside the page, or the
   * application's own track ended. `localTrackUnpublished` follows. */
  localTrackEnded: {
    readonly track: LocalTrack;
    readonly source: TrackSource;
    readonly kind: TrackKind;
    readonly reason: TrackEndReason;
  };
  /** Publishing a source went a step further or back; `track` where there is one by now. */
  publishStateChanged: {
    readonly source: TrackSource;
    readonly kind: TrackKind;
    readonly track?: LocalTrack;
    readonly from: PublishState;
    readonly to: PublishState;
  };
  /** One of one's own tracks was silenced or came back. */
  localTrackMuted: { readonly track: LocalTrack; readonly muted: boolean };

  /** Who speaks has changed; the loudest comes first. Oneself is not among them. */
  activeSpeakersChanged: { readonly speakers: readonly RemoteParticipant[] };
  /** The loudest speaker is another one; undefined where nobody speaks. */
  activeSpeakerChanged: { readonly participant: RemoteParticipant | undefined };
  /** How loud everybody is who sends sound, oneself among them; each half second. */
  audioLevels: { readonly levels: readonly ParticipantLevel[] };
  /** Whose network is better or worse than before, oneself among them. */
  networkQuality: { readonly qualities: readonly ParticipantQuality[] };

  /** Something hurts quality and is no error: told when it begins and when it is over. */
  qualityIncident: QualityIncident;

  /** Somebody sent a packet over a data stream. */
  dataReceived: ReceivedData;
  /** Somebody, or the server, sent a message. */
  messageReceived: ReceivedMessage;
  /** A picture came with bytes of its sender's application, where one joined with `pictureMetadata`. It is
   * told before the picture is shown. */
  metadataReceived: RemoteTrackEvent & {
    readonly data: Uint8Array;
    /** The picture's, as `requestVideoFrameCallback` names it when the picture is shown. */
    readonly rtpTimestamp: number;
  };

  /** The browser refuses sound until `startAudio` is called in a click. */
  audioPlaybackBlocked: Record<string, never>;
  /** Sound plays again. */
  audioPlaybackStarted: Record<string, never>;

  /** Cameras, microphones or loudspeakers were plugged in or out. */
  devicesChanged: Record<string, never>;

  /** Something is not as it should be, and the call goes on without it. */
  warning: Warning;
}

/** Why one's own track is published no longer. `ended`: see `localTrackEnded`. `notPermitted`: the
 * right to publish it was taken away. `failed`: it could not be published in a new session. */
export type UnpublishReason = 'requested' | 'ended' | 'notPermitted' | 'failed';

/** Why one's own track ended. */
export type TrackEndReason = 'sharingStopped' | 'deviceLost' | 'trackEnded';

/** A packet that somebody sent. */
export interface ReceivedData {
  /** Who sent it; undefined if it is gone already. */
  readonly participant: RemoteParticipant | undefined;
  readonly participantID: string;
  /** Which of its streams. */
  readonly stream: number;
  readonly data: Uint8Array;
  /** What the sender's application put there. */
  readonly userTimestamp?: number;
}

/** A message that somebody sent. */
export interface ReceivedMessage {
  /** Its id, chosen by its sender. */
  readonly id?: string;
  /** Who sent it; undefined if it is gone already, hidden, or the server. */
  readonly participant: RemoteParticipant | undefined;
  /** Undefined: the server itself says it. */
  readonly participantID: string | undefined;
  /** Whether it went to the whole room. */
  readonly toAll: boolean;
  /** Untrusted text: never use it as HTML. */
  readonly content: string;
}

/** What is not as it should be. */
export interface Warning {
  /**
   * `codecMismatch`: browser and server share no codec for a source, which cannot be published.
   * `publishFailed`: a source that was to be published on joining, or again, could not be.
   * `dataStreamClosed`: a data stream could not be opened again in a new session.
   */
  readonly code: 'codecMismatch' | 'publishFailed' | 'dataStreamClosed';
  /** For people. */
  readonly message: string;
  readonly source?: TrackSource;
  readonly error?: MartletError;
}

/** An event about a track of somebody else. */
export interface RemoteTrackEvent {
  readonly participant: RemoteParticipant;
  readonly track: RemoteTrack;
}

/** Delivers an event to the application. */
export type EmitRoomEvent = <Name extends keyof RoomEvents>(
  name: Name,
  event: RoomEvents[Name],
) => void;
