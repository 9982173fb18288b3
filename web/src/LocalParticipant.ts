// Oneself in a room: what the others see of one, and what one may do.
// SPDX-License-Identifier: Apache-2.0
import { decibelsOfFullScale, silentLevel, speakingLevelMax } from './audioLevel';
import type { LocalTrack } from './LocalTrack';
import type {
  Attributes,
  Grants,
  MediaPriority,
  NetworkGrade,
  ParticipantInfo,
  ParticipantRole,
  TrackSource,
} from './messages';

/** Oneself. The object stays the same as long as one is in the room, across breaks too. */
export class LocalParticipant {
  /** One's id: the one wished for, the token's, or one that the server chose. */
  readonly id: string;

  readonly #tracks: () => ReadonlyMap<string, LocalTrack>;
  #info: ParticipantInfo;
  #role: ParticipantRole;
  #grants: Grants | undefined;
  #level = silentLevel;
  #quality: { up: NetworkGrade; down: NetworkGrade } = { up: 'unknown', down: 'unknown' };

  /** @internal */
  constructor(
    info: ParticipantInfo,
    grants: Grants | undefined,
    tracks: () => ReadonlyMap<string, LocalTrack>,
  ) {
    this.#tracks = tracks;
    this.id = info.id;
    this.#info = info;
    this.#role = info.role ?? 'host';
    this.#grants = grants;
  }

  /** The name shown to people; the id where one gave none. */
  get name(): string {
    return this.#info.name ?? this.id;
  }

  /** The application's free text. */
  get metadata(): string | undefined {
    return this.#info.metadata;
  }

  /** The application's small named texts. */
  get attributes(): Attributes {
    return this.#info.attributes ?? {};
  }

  /** What one publishes, by id: all that leaves this machine. */
  get tracks(): ReadonlyMap<string, LocalTrack> {
    return this.#tracks();
  }

  /** One's own track of a source. */
  track(source: TrackSource): LocalTrack | undefined {
    return [...this.tracks.values()].find((track) => track.source === source);
  }

  /** Whether one publishes or only receives. */
  get role(): ParticipantRole {
    return this.#role;
  }

  /** Whether one's media comes first. */
  get priority(): MediaPriority {
    return this.#info.priority ?? 'normal';
  }

  /** What one may do; undefined where the server does not say. */
  get grants(): Grants | undefined {
    return this.#grants;
  }

  /** Whether one may publish a source now: by role and grants. */
  canPublish(source: TrackSource): boolean {
    if (this.#role !== 'host') return false;
    const publish = this.#grants?.publish ?? true;
    return typeof publish === 'boolean' ? publish : publish.includes(source);
  }

  /** How loud the others hear one: decibels of full scale, 0 to -127. */
  get dBFS(): number {
    return decibelsOfFullScale(this.#level);
  }

  /** Whether one speaks just now, as the others hear it. */
  get isSpeaking(): boolean {
    return this.#level <= speakingLevelMax;
  }

  /** How good one's own network is, as measured here. */
  get networkQuality(): { readonly up: NetworkGrade; readonly down: NetworkGrade } {
    return this.#quality;
  }

  /** @internal */
  get info(): ParticipantInfo {
    return this.#info;
  }

  /** Takes over what the server says of oneself. @internal */
  update(info: ParticipantInfo): void {
    this.#info = info;
    this.#role = info.role ?? 'host';
  }

  /** @internal */
  setRole(role: ParticipantRole): void {
    this.#role = role;
  }

  /** @internal */
  setGrants(grants: Grants | undefined): void {
    this.#grants = grants;
  }

  /** @internal */
  setAudioLevel(level: number): void {
    this.#level = level;
  }

  /** @internal */
  setQuality(up: NetworkGrade, down: NetworkGrade): void {
    this.#quality = { up, down };
  }
}
