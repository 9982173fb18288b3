// Everybody else in the room, their tracks, and which slot carries which.
// SPDX-License-Identifier: Apache-2.0
import type { AudioOutput } from './AudioOutput';
import { silentLevel } from './audioLevel';
import type { AutoSubscribe } from './clientMessages';
import type { ReceivingSlot } from './MediaConnection';
import type {
  AudioLevel,
  LeaveReason,
  ParticipantInfo,
  ParticipantQuality,
  SlotAssignment,
  TrackInfo,
  TrackQuality,
  TrackSource,
  VideoQuality,
} from './messages';
import type { MediaFlow } from './qualityIncidents';
import { MetadataInbox } from './MetadataInbox';
import type { ReceivedMetadata } from './metadataProtocol';
import { RemoteParticipant } from './RemoteParticipant';
import { RemoteTrack } from './RemoteTrack';
import type { SubscribeState, TrackSurroundings } from './RemoteTrack';
import type { EmitRoomEvent } from './RoomEvents';
import { SlotTable } from './SlotTable';
import type { SlotChange, SlotSource } from './SlotTable';
import { SubscriptionChoices } from './SubscriptionChoices';
import type { ChoiceRequest } from './SubscriptionChoices';
import { VideoChoices } from './VideoChoices';
import type { QualityRequest } from './VideoChoices';

/** What the roster needs of the session around it. */
export interface RosterSurroundings {
  readonly emit: EmitRoomEvent;
  readonly audio: AudioOutput;
  /** The receiving section of a mid. */
  slot(mid: string): ReceivingSlot | undefined;
  /** Asks the server for what was chosen. */
  ask(choice: ChoiceRequest | QualityRequest): void;
  /** Asks for a quality, as the application does. */
  setQuality(participant: string, source: TrackSource, quality: VideoQuality): Promise<void>;
}

/** Keeps participants as the server tells. One roster lives as long as one session. */
export class RemoteRoster {
  readonly #participants = new Map<string, RemoteParticipant>();
  #slots = new SlotTable();
  readonly #surroundings: RosterSurroundings;
  readonly #choices: SubscriptionChoices;
  readonly #videoChoices = new VideoChoices();
  readonly #ofTracks: TrackSurroundings;
  readonly #metadata: MetadataInbox;
  #speakers: readonly RemoteParticipant[] = [];
  #maySubscribe = true;

  constructor(
    surroundings: RosterSurroundings,
    auto: AutoSubscribe = true,
    isAdaptive = false,
  ) {
    this.#surroundings = surroundings;
    const choices = this.#videoChoices;
    this.#ofTracks = {
      isAdaptive,
      quality: ({ participantID, source }) => choices.quality(participantID, source),
      setQuality: ({ participantID, source }, quality) =>
        surroundings.setQuality(participantID, source, quality),
      setView: ({ participantID, source }, view) => {
        const request = choices.setView(participantID, source, view);
        if (request && this.#participants.has(participantID)) surroundings.ask(request);
      },
    };
    this.#choices = new SubscriptionChoices(auto);
    this.#metadata = new MetadataInbox({
      owner: (mid, rtpTimestamp) => this.#slots.owner(mid, rtpTimestamp),
      deliver: ({ participant: id, track: trackID }, data, rtpTimestamp) => {
        const participant = this.#participants.get(id);
        const track = participant?.tracks.get(trackID);
        if (!participant || !track) return;
        surroundings.emit('metadataReceived', { participant, track, data, rtpTimestamp });
      },
    });
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

  /** What is to arrive here now. */
  get flows(): MediaFlow[] {
    const flows: MediaFlow[] = [];
    for (const [mid, { participant: id, track: trackID }] of this.#slots.sources) {
      const participant = this.#participants.get(id);
      const track = participant?.tracks.get(trackID);
      if (!track?.isFlowing || track.isMuted || participant?.isInterrupted) continue;
      const { kind, source } = track;
      if (this.#videoChoices.isHidden(id, source)) continue;
      flows.push({ direction: 'down', mid, kind, source, participant: id });
    }
    return flows;
  }

  /** Takes in somebody who was in the room already. */
  add(info: ParticipantInfo): RemoteParticipant {
    const participant = new RemoteParticipant(info);
    this.#participants.set(participant.id, participant);
    for (const track of info.tracks) participant.addTrack(this.#track(participant.id, track));
    return participant;
  }

  /** The application knows that it joined: tells it of the tracks that were there already. */
  begin(): void {
    this.#settleAll();
  }

  /**
   * A new session has begun, with slots of its own: tells what really differs. Who is still there
   * stays the same object, and a track that is still published comes alive again where it is shown.
   */
  restart(infos: readonly ParticipantInfo[]): void {
    this.#slots = new SlotTable();
    this.#metadata.clear();
    const present = new Set(infos.map((info) => info.id));
    for (const id of [...this.#participants.keys()]) {
      if (present.has(id)) continue;
      this.#choices.await(id, performance.now());
      this.#remove(id, 'left');
    }
    for (const info of infos) {
      if (this.#participants.has(info.id)) this.#merge(info);
      else this.#admit(info);
    }
    this.#order(infos);
    this.#settleAll();
  }

  /** The peer connection is gone, and another one will come: nothing is shown until then. */
  blank(): void {
    for (const participant of this.#participants.values()) {
      for (const track of participant.tracks.values()) this.#stop(participant, track);
      participant.setAudioLevel(silentLevel);
    }
    this.#settleAll();
    this.#updateSpeakers();
  }

  /** What a server that knows only the default is to be asked for. */
  choiceRequests(): (ChoiceRequest | QualityRequest)[] {
    return [...this.#participants.keys()].flatMap((id) => this.#requests(id));
  }

  /** Somebody came. */
  join(info: ParticipantInfo): void {
    this.#admit(info);
    for (const choice of this.#requests(info.id)) this.#surroundings.ask(choice);
  }

  /** Somebody went. */
  leave(id: string, reason: LeaveReason): void {
    this.#choices.forget(id);
    this.#videoChoices.forget(id);
    this.#remove(id, reason);
  }

  /** Somebody has another name, text, role or priority. */
  update(info: ParticipantInfo): void {
    const participant = this.#participants.get(info.id);
    if (!participant?.differs(info)) return;
    participant.update(info);
    this.#surroundings.emit('participantUpdated', { participant });
  }

  /** Somebody's connection broke, or came back. */
  interrupt(id: string, isInterrupted: boolean): void {
    const participant = this.#participants.get(id);
    if (!participant || participant.isInterrupted === isInterrupted) return;
    participant.setInterrupted(isInterrupted);
    if (isInterrupted) participant.setAudioLevel(silentLevel);
    const name = isInterrupted ? 'participantInterrupted' : 'participantResumed';
    this.#surroundings.emit(name, { participant });
    this.#updateSpeakers();
  }

  /** How good people's networks are now. */
  grade(qualities: readonly ParticipantQuality[]): void {
    for (const { participant, up, down } of qualities) {
      this.#participants.get(participant)?.setQuality(up, down);
    }
  }

  /** Somebody published a track. */
  publish(id: string, info: TrackInfo): void {
    const participant = this.#participants.get(id);
    if (!participant || participant.tracks.has(info.id)) return;
    const track = this.#track(id, info);
    participant.addTrack(track);
    this.#surroundings.emit('trackPublished', { participant, track });
    this.#settle(participant, track);
  }

  /** Somebody took a track back. */
  unpublish(id: string, trackID: string): void {
    const participant = this.#participants.get(id);
    const track = participant?.tracks.get(trackID);
    if (!participant || !track) return;
    this.#stop(participant, track);
    track.detach();
    participant.removeTrack(trackID);
    this.#metadata.forget(trackID);
    this.#surroundings.emit('trackUnpublished', { participant, track });
    this.#setState(participant, track, 'idle');
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

  /** One's network carries more or less of a picture. */
  changeQuality(id: string, trackID: string, quality: TrackQuality): void {
    const participant = this.#participants.get(id);
    const track = participant?.tracks.get(trackID);
    if (!participant || !track || track.receivedQuality === quality) return;
    track.setReceivedQuality(quality);
    this.#surroundings.emit('trackQualityChanged', { participant, track, quality });
  }

  /** The application chose whose tracks it wants; without sources all of them. */
  choose(id: string, wanted: boolean, sources: readonly TrackSource[] | undefined): void {
    const participant = this.#participants.get(id);
    // Whoever left meanwhile was forgotten before.
    if (!participant) return;
    this.#choices.set(id, wanted, sources);
    for (const track of participant.tracks.values()) this.#settle(participant, track);
  }

  /** The application chose a quality: the request that tells the server. */
  chooseQuality(id: string, source: TrackSource, quality: VideoQuality): QualityRequest {
    if (!this.#participants.has(id)) {
      return { type: 'setQuality', participant: id, source, quality };
    }
    this.#videoChoices.setQuality(id, source, quality);
    return this.#videoChoices.request(id, source);
  }

  /** Whether one may receive at all. */
  allow(maySubscribe: boolean): void {
    if (this.#maySubscribe === maySubscribe) return;
    this.#maySubscribe = maySubscribe;
    this.#settleAll();
  }

  /** The server assigned slots. */
  assign(assignments: readonly SlotAssignment[]): void {
    for (const change of this.#slots.apply(assignments)) this.#apply(change);
    this.#metadata.look();
  }

  /** A picture with metadata came over a section. */
  receiveMetadata(mid: string, received: ReceivedMetadata): void {
    this.#metadata.receive(mid, received);
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

  #track(participant: string, info: TrackInfo): RemoteTrack {
    return new RemoteTrack(participant, info, this.#ofTracks);
  }

  #requests(id: string): (ChoiceRequest | QualityRequest)[] {
    return [...this.#choices.requests(id), ...this.#videoChoices.requests(id)];
  }

  #admit(info: ParticipantInfo): void {
    this.#choices.welcome(info.id, performance.now());
    const participant = this.add(info);
    this.#surroundings.emit('participantJoined', { participant });
    for (const track of participant.tracks.values()) this.#settle(participant, track);
  }

  #remove(id: string, reason: LeaveReason): void {
    const participant = this.#participants.get(id);
    if (!participant) return;
    for (const track of [...participant.tracks.keys()]) this.unpublish(id, track);
    this.#participants.delete(id);
    this.#surroundings.emit('participantLeft', { participant, reason });
    this.#updateSpeakers();
  }

  #apply(change: SlotChange): void {
    const participant = this.#participants.get(change.source.participant);
    const track = participant?.tracks.get(change.source.track);
    const { audio, slot } = this.#surroundings;
    if (change.type === 'released') {
      audio.silence(change.mid);
      // Gone already if it was unpublished before its slot was emptied.
      if (participant && track) {
        this.#stop(participant, track);
        this.#settle(participant, track);
      }
      return;
    }
    const section = slot(change.mid);
    if (!participant || !track || !section) return;
    if (change.type === 'started') {
      track.start(change.rtpTimestamp);
      this.#settle(participant, track);
      return;
    }
    track.assign(section.track, change.isFresh);
    if (section.kind === 'audio') audio.play(change.mid, section.track, change.isFresh);
    this.#surroundings.emit('trackStarted', { participant, track });
  }

  /** Puts everybody and their tracks in the order in which a new session found them. */
  #order(infos: readonly ParticipantInfo[]): void {
    for (const { id, tracks } of infos) {
      const participant = this.#participants.get(id);
      if (!participant) continue;
      this.#participants.delete(id);
      this.#participants.set(id, participant);
      for (const { id: trackID } of tracks) {
        const track = participant.tracks.get(trackID);
        participant.removeTrack(trackID);
        if (track) participant.addTrack(track);
      }
    }
  }

  #merge(info: ParticipantInfo): void {
    const { id } = info;
    this.update(info);
    this.interrupt(id, info.interrupted ?? false);
    const published = new Map(info.tracks.map((track) => [track.id, track]));
    for (const track of [...(this.#participants.get(id)?.tracks.values() ?? [])]) {
      const same = published.get(track.id);
      // A server that was started anew gives the same ids to other tracks.
      if (same?.source === track.source && same.kind === track.kind) continue;
      this.unpublish(id, track.id);
    }
    for (const track of info.tracks) {
      this.publish(id, track);
      this.mute(id, track.id, track.muted);
    }
  }

  #settleAll(): void {
    for (const participant of this.#participants.values()) {
      for (const track of participant.tracks.values()) this.#settle(participant, track);
    }
  }

  /** Brings a track's state in line with what is wanted and what is there. */
  #settle(participant: RemoteParticipant, track: RemoteTrack): void {
    const { source, kind } = track;
    const wanted = this.#maySubscribe && this.#choices.wants(participant.id, source, kind);
    const absent = wanted ? 'subscribing' : 'unsubscribed';
    this.#setState(participant, track, track.isFlowing ? 'subscribed' : absent);
  }

  #setState(participant: RemoteParticipant, track: RemoteTrack, to: SubscribeState): void {
    const from = track.subscribeState;
    if (from === to) return;
    track.setSubscribeState(to);
    this.#surroundings.emit('subscribeStateChanged', { participant, track, from, to });
    if (to === 'unsubscribed') track.isSubscriptionTold = false;
    if (to !== 'subscribed' || track.isSubscriptionTold) return;
    track.isSubscriptionTold = true;
    this.#surroundings.emit('trackSubscribed', { participant, track });
  }

  #stop(participant: RemoteParticipant, track: RemoteTrack): void {
    if (!track.media) return;
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
    const [loudest] = speakers;
    const isLoudestNew = loudest !== this.#speakers[0];
    this.#speakers = speakers;
    this.#surroundings.emit('activeSpeakersChanged', { speakers });
    if (isLoudestNew) this.#surroundings.emit('activeSpeakerChanged', { participant: loudest });
  }
}
