// How far publishing each source is, told as it changes.
// SPDX-License-Identifier: Apache-2.0
import type { LocalTrack, PublishState } from './LocalTrack';
import type { TrackKind, TrackSource } from './messages';
import type { EmitRoomEvent } from './RoomEvents';

/** The states of one stay in a room: one a source, and one for each custom track. */
export class PublishStates {
  readonly #states = new Map<TrackSource | MediaStreamTrack, PublishState>();
  readonly #emit: EmitRoomEvent;

  constructor(emit: EmitRoomEvent) {
    this.#emit = emit;
  }

  /** How far publishing a source is; of custom tracks the one published first. */
  of(source: TrackSource): PublishState {
    for (const [key, state] of this.#states) {
      if (key === source || (source === 'custom' && typeof key === 'object')) return state;
    }
    return 'idle';
  }

  /** A step. A custom track that is not published is forgotten: there can be any number of them. */
  move(source: TrackSource, media: MediaStreamTrack, to: PublishState, track?: LocalTrack): void {
    const key = source === 'custom' ? media : source;
    const from = this.#states.get(key) ?? 'idle';
    if (from === to) return;
    if (source === 'custom' && to === 'unpublished' && !track) this.#states.delete(key);
    else this.#states.set(key, to);
    const kind = media.kind as TrackKind;
    this.#emit('publishStateChanged', { source, kind, ...(track && { track }), from, to });
  }

  /** The state of a published track. */
  moveTrack(track: LocalTrack, to: PublishState): void {
    this.move(track.source, track.mediaStreamTrack, to, track);
  }

  /** A custom track is gone for good. */
  forget(track: LocalTrack): void {
    if (track.source === 'custom') this.#states.delete(track.mediaStreamTrack);
  }
}
