// Somebody else in the room.
// SPDX-License-Identifier: Apache-2.0
import type { ParticipantInfo, TrackSource } from './messages';
import type { RemoteTrack } from './RemoteTrack';

/** At this level or louder (-dBov, the mean of half a second) somebody counts as speaking. */
export const speakingLevelMax = 60;

/** The level of silence (RFC 6464). */
export const silentLevel = 127;

/** A participant other than oneself. */
export class RemoteParticipant {
  /** Who it is. */
  readonly id: string;
  /** Its name for people; the id where it gave none. Untrusted text: never use it as HTML. */
  readonly name: string;
  /** Free text of the application. */
  readonly metadata: string | undefined;

  readonly #tracks = new Map<string, RemoteTrack>();
  #audioLevel = silentLevel;

  /** @internal */
  constructor(info: ParticipantInfo) {
    this.id = info.id;
    this.name = info.name ?? info.id;
    this.metadata = info.metadata;
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

  /** Whether it speaks just now. */
  get isSpeaking(): boolean {
    return this.audioLevel <= speakingLevelMax;
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
