// Every event of a room and what it carries.
// SPDX-License-Identifier: Apache-2.0
import type { ConnectionChange } from './ConnectionStateMachine';
import type { LocalTrack } from './LocalTrack';
import type { MartletError } from './MartletError';
import type { LeaveReason } from './messages';
import type { RemoteParticipant } from './RemoteParticipant';
import type { RemoteTrack } from './RemoteTrack';

/** Events of a room by name. */
export interface RoomEvents {
  /** The connection moved; `error` says more where something failed. After a move to
   * `disconnected` the room has no participants and no tracks. */
  connectionStateChanged: ConnectionChange & { readonly error?: MartletError };

  /** Somebody came. Who was there before oneself is in `participants` without this event. */
  participantJoined: { readonly participant: RemoteParticipant };
  /** Somebody went; its tracks are gone already. */
  participantLeft: { readonly participant: RemoteParticipant; readonly reason: LeaveReason };

  /** Somebody began to publish a track. */
  trackPublished: RemoteTrackEvent;
  /** Somebody ceased to publish a track. */
  trackUnpublished: RemoteTrackEvent;
  /** Somebody silenced a track, or it came back. */
  trackMuted: RemoteTrackEvent & { readonly muted: boolean };
  /** A track can be seen or heard from now on: it has a slot. */
  trackStarted: RemoteTrackEvent;
  /** A track lost its slot; elements attached to it are blank. */
  trackStopped: RemoteTrackEvent;

  /** One of one's own tracks is published. */
  localTrackPublished: { readonly track: LocalTrack };
  /** One of one's own tracks is published no longer. */
  localTrackUnpublished: {
    readonly track: LocalTrack;
    /** `ended`: the device was unplugged, or sharing was ended outside the page. */
    readonly reason: 'requested' | 'ended';
  };
  /** One of one's own tracks was silenced or came back. */
  localTrackMuted: { readonly track: LocalTrack; readonly muted: boolean };

  /** Who speaks has changed; the loudest comes first. Oneself is not among them. */
  activeSpeakersChanged: { readonly speakers: readonly RemoteParticipant[] };

  /** The browser refuses sound until `startAudio` is called in a click. */
  audioPlaybackBlocked: Record<string, never>;
  /** Sound plays again. */
  audioPlaybackStarted: Record<string, never>;

  /** Cameras, microphones or loudspeakers were plugged in or out. */
  devicesChanged: Record<string, never>;
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
