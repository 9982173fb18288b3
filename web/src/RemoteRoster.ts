// Everybody else in the room, their tracks, and which slot carries which.
// SPDX-License-Identifier: Apache-2.0
import type { AudioOutput } from './AudioOutput';
import type { ReceivingSlot } from './MediaConnection';
import type {
  AudioLevel,
  LeaveReason,
  ParticipantInfo,
  SlotAssignment,
  TrackInfo,
} from './messages';
import { RemoteParticipant } from './RemoteParticipant';
import { RemoteTrack } from './RemoteTrack';
import type { EmitRoomEvent } from './RoomEvents';
import { SlotTable } from './SlotTable';
import type { SlotChange, SlotSource } from './SlotTable';

/** What the roster needs of the session around it. */
export interface RosterSurroundings {
  readonly emit: EmitRoomEvent;
  readonly audio: AudioOutput;
  /** The receiving section of a mid. */
  slot(mid: string): ReceivingSlot | undefined;
}

/** Keeps participants as the server tells. One roster lives as long as one session. */
export class RemoteRoster {
  readonly #participants = new Map<string, RemoteParticipant>();
  readonly #slots = new SlotTable();
  readonly #surroundings: RosterSurroundings;
  #speakers: readonly RemoteParticipant[] = [];

  constructor(surroundings: RosterSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Everybody else by id, in the order of joining. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#participants;
  }

  /** Who speaks now, the loudest first. */
  get activeSpeakers(): readonly RemoteParticipant[] {
    return this.#speakers;
  }

  /** Which track a receiving section carries. */
  source(mid: string): SlotSource | null {
    return this.#slots.source(mid);
  }

  /** Takes in somebody who was in the room already. */
  add(info: ParticipantInfo): RemoteParticipant {
    const participant = new RemoteParticipant(info);
    this.#participants.set(participant.id, participant);
    for (const track of info.tracks) participant.addTrack(new RemoteTrack(participant.id, track));
    return participant;
  }

  /** Somebody came. */
  join(info: ParticipantInfo): void {
    const participant = this.add(info);
    this.#surroundings.emit('participantJoined', { participant });
  }

  /** Somebody went. */
  leave(id: string, reason: LeaveReason): void {
    const participant = this.#participants.get(id);
    if (!participant) return;
    for (const track of [...participant.tracks.keys()]) this.unpublish(id, track);
    this.#participants.delete(id);
    this.#surroundings.emit('participantLeft', { participant, reason });
    this.#updateSpeakers();
  }

  /** Somebody published a track. */
  publish(id: string, info: TrackInfo): void {
    const participant = this.#participants.get(id);
    if (!participant || participant.tracks.has(info.id)) return;
    const track = new RemoteTrack(id, info);
    participant.addTrack(track);
    this.#surroundings.emit('trackPublished', { participant, track });
  }

  /** Somebody took a track back. */
  unpublish(id: string, trackID: string): void {
    const participant = this.#participants.get(id);
    const track = participant?.tracks.get(trackID);
    if (!participant || !track) return;
    this.#stop(participant, track);
    track.detach();
    participant.removeTrack(trackID);
    this.#surroundings.emit('trackUnpublished', { participant, track });
  }

  /** Somebody silenced a track or let it be heard again. */
  mute(id: string, trackID: string, muted: boolean): void {
    const participant = this.#participants.get(id);
    const track = participant?.tracks.get(trackID);
    if (!participant || !track || track.isMuted === muted) return;
    track.setMuted(muted);
    this.#surroundings.emit('trackMuted', { participant, track, muted });
    this.#updateSpeakers();
  }

  /** The server assigned slots. */
  assign(assignments: readonly SlotAssignment[]): void {
    for (const change of this.#slots.apply(assignments)) this.#apply(change);
  }

  /** How loud people are now. */
  hear(levels: readonly AudioLevel[]): void {
    for (const { participant, level } of levels) {
      this.#participants.get(participant)?.setAudioLevel(level);
    }
    this.#updateSpeakers();
  }

  /** The session is over: blanks everything. */
  close(): void {
    for (const participant of this.#participants.values()) {
      for (const track of participant.tracks.values()) {
        track.release();
        track.detach();
      }
    }
    this.#participants.clear();
    this.#speakers = [];
  }

  #apply(change: SlotChange): void {
    const participant = this.#participants.get(change.source.participant);
    const track = participant?.tracks.get(change.source.track);
    const { audio, slot } = this.#surroundings;
    if (change.type === 'released') {
      audio.silence(change.mid);
      // Gone already if it was unpublished before its slot was emptied.
      if (participant && track) this.#stop(participant, track);
      return;
    }
    const section = slot(change.mid);
    if (!participant || !track || !section) return;
    if (change.type === 'started') {
      track.start(change.rtpTimestamp);
      return;
    }
    track.assign(section.track, change.isFresh);
    if (section.kind === 'audio') audio.play(change.mid, section.track, change.isFresh);
    this.#surroundings.emit('trackStarted', { participant, track });
  }

  #stop(participant: RemoteParticipant, track: RemoteTrack): void {
    if (!track.mediaStreamTrack) return;
    track.release();
    this.#surroundings.emit('trackStopped', { participant, track });
  }

  #updateSpeakers(): void {
    const speakers = [...this.#participants.values()]
      .filter((participant) => participant.isSpeaking)
      .sort((a, b) => a.audioLevel - b.audioLevel);
    const isSame =
      speakers.length === this.#speakers.length &&
      speakers.every((speaker, index) => speaker === this.#speakers[index]);
    if (isSame) return;
    this.#speakers = speakers;
    this.#surroundings.emit('activeSpeakersChanged', { speakers });
  }
}
