// Plays what is heard: one hidden element for each audio slot.
// SPDX-License-Identifier: Apache-2.0
import { coverMilliseconds } from './frameGate';

/**
 * Owns the elements. Picture and sound of a pair are kept in step by the browser, which goes by
 * the stream that their sections share in the answer, not by the elements they are played in.
 */
export class AudioOutput {
  /** Called when the browser refuses to play without a gesture of the user, and when it plays. */
  onBlockedChanged: (isBlocked: boolean) => void = () => {};

  readonly #slots = new Map<string, Slot>();
  #sinkID = '';
  #isBlocked = false;

  /** Whether the browser refused to play; `start` in a click helps. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Plays a slot. One that is not fresh stays silent until what was before has run out. */
  play(mid: string, track: MediaStreamTrack, isFresh: boolean): void {
    const slot = this.#slots.get(mid) ?? this.#make(mid, track);
    clearTimeout(slot.timer);
    if (isFresh) slot.element.muted = false;
    else slot.timer = setTimeout(() => (slot.element.muted = false), coverMilliseconds);
    void this.#start(slot.element);
  }

  /** Silences a slot at once. */
  silence(mid: string): void {
    const slot = this.#slots.get(mid);
    if (!slot) return;
    clearTimeout(slot.timer);
    slot.element.muted = true;
  }

  /** Plays everything that was blocked. Call it in a handler of a click or key. */
  async start(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => this.#start(slot.element)));
  }

  /** Chooses the loudspeaker, where the browser lets pages choose. */
  async setSink(sinkID: string): Promise<void> {
    this.#sinkID = sinkID;
    const all = [...this.#slots.values()];
    await Promise.all(all.map((slot) => slot.element.setSinkId?.(sinkID)));
  }

  /** Ends all playback; other slots, of another peer connection, may follow. */
  clear(): void {
    for (const slot of this.#slots.values()) {
      clearTimeout(slot.timer);
      slot.element.srcObject = null;
      slot.element.remove();
    }
    this.#slots.clear();
  }

  /** Ends all playback for good. */
  close(): void {
    this.clear();
    this.#setBlocked(false);
  }

  #make(mid: string, track: MediaStreamTrack): Slot {
    const element = document.createElement('audio');
    element.autoplay = true;
    element.hidden = true;
    element.dataset['martletSlot'] = mid;
    element.srcObject = new MediaStream([track]);
    // A loudspeaker unplugged meanwhile: the default one plays.
    if (this.#sinkID) element.setSinkId?.(this.#sinkID).catch(() => {});
    // Safari plays only what is in the document.
    document.body.append(element);
    const slot: Slot = { element, timer: undefined };
    this.#slots.set(mid, slot);
    return slot;
  }

  async #start(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
      this.#setBlocked(false);
    } catch (error) {
      if ((error as DOMException).name === 'NotAllowedError') this.#setBlocked(true);
    }
  }

  #setBlocked(isBlocked: boolean): void {
    if (this.#isBlocked === isBlocked) return;
    this.#isBlocked = isBlocked;
    this.onBlockedChanged(isBlocked);
  }
}

interface Slot {
  readonly element: HTMLAudioElement;
  timer: ReturnType<typeof setTimeout> | undefined;
}
