// Somebody else in the room.
// SPDX-License-Identifier: Apache-2.0
import { decibelsOfFullScale, silentLevel, speakingLevelMax } from './audioLevel';
import type {
  Attributes,
  MediaPriority,
  NetworkGrade,
  ParticipantInfo,
  ParticipantRole,
  TrackSource,
} from './messages';
import type { RemoteTrack } from './RemoteTrack';

/**
 * A participant other than oneself. The object stays the same as long as that participant is in
 * the room, across breaks of its connection and of one's own.
 */
export class RemoteParticipant {
  /** Who it is. */
  readonly id: string;

  readonly #tracks = new Map<string, RemoteTrack>();
  #info: ParticipantInfo;
  #isInterrupted: boolean;
  #audioLevel = silentLevel;
  #quality: { up: NetworkGrade; down: NetworkGrade } = { up: 'unknown', down: 'unknown' };

  /** @internal */
  constructor(info: ParticipantInfo) {
    this.id = info.id;
    this.#info = info;
    this.#isInterrupted = info.interrupted ?? false;
  }

  /** Its name for people; the id where it gave none. Untrusted text: never use it as HTML. */
  get name(): string {
    return this.#info.name ?? this.id;
  }

  /** Free text of the application. */
  get metadata(): string | undefined {
    return this.#info.metadata;
  }

  /** Small named texts of the application. */
  get attributes(): Attributes {
    return this.#info.attributes ?? {};
  }

  /** Whether it is one of those who publish. */
  get role(): ParticipantRole {
    return this.#info.role ?? 'host';
  }

  /** Whether its media comes first. */
  get priority(): MediaPriority {
    return this.#info.priority ?? 'normal';
  }

  /** Whether its connection is broken for now; it may come back, and its tracks stay. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** How good its network is, as it measures it itself. */
  get networkQuality(): { readonly up: NetworkGrade; readonly down: NetworkGrade } {
    return this.#quality;
  }

  /** Its tracks by id, in the order of publishing. */
  get tracks(): ReadonlyMap<string, RemoteTrack> {
    return this.#tracks;
  }

  /** Its track of a source; the first where there are several. */
  track(source: TrackSource): RemoteTrack | undefined {
    for (const track of this.#tracks.values()) if (track.source === source) return track;
    return undefined;
  }

  /** How loud its microphone is: 0 the loudest, 127 silence (-dBov). */
  get audioLevel(): number {
    return this.track('microphone')?.isMuted === false ? this.#audioLevel : silentLevel;
  }

  /** The same in decibels of full scale: 0 the loudest, -127 silence. */
  get dBFS(): number {
    return decibelsOfFullScale(this.audioLevel);
  }

  /** Whether it speaks just now. */
  get isSpeaking(): boolean {
    return this.audioLevel <= speakingLevelMax;
  }

  /** Whether what the server says now differs from what is known, tracks aside. @internal */
  differs(info: ParticipantInfo): boolean {
    return seen(this.#info) !== seen(info);
  }

  /** Takes over name, texts, role and priority. @internal */
  update(info: ParticipantInfo): void {
    this.#info = info;
  }

  /** @internal */
  setInterrupted(isInterrupted: boolean): void {
    this.#isInterrupted = isInterrupted;
  }

  /** @internal */
  setQuality(up: NetworkGrade, down: NetworkGrade): void {
    this.#quality = { up, down };
  }

  /** @internal */
  setAudioLevel(level: number): void {
    this.#audioLevel = level;
  }

  /** @internal */
  addTrack(track: RemoteTrack): void {
    this.#tracks.set(track.id, track);
  }

  /** @internal */
  removeTrack(id: string): void {
    this.#tracks.delete(id);
  }
}

/** What the others see of somebody, tracks and breaks aside, as a text to compare. */
function seen(info: ParticipantInfo): string {
  const { id, name, metadata, attributes, role = 'host', priority = 'normal' } = info;
  const texts = Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([id, name, metadata, texts, role, priority]);
}
