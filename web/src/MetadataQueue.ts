// Which messages go out with which picture of a track.
// SPDX-License-Identifier: Apache-2.0
import { metadataLimits, withMetadata } from './metadataMessage';

/** A size that has sent nothing for so long is not waited for. */
const layerRestMilliseconds = 1000;

/** What waits for pictures. */
interface Waiting {
  readonly id: bigint;
  readonly data: Uint8Array;
  readonly repeats: number;
  readonly due: number;
  readonly isForKeyframesOnly: boolean;
  /** With how many pictures of each size it went out. */
  readonly sent: Map<number, number>;
  firstSentAt: number | undefined;
}

/**
 * The messages of one track. A message goes out in each size that is sent, under one id, so that a
 * receiver whose size changes takes it once. Times are milliseconds of any clock.
 */
export class MetadataQueue {
  #waiting: Waiting[] = [];
  #nextID: bigint;
  /** When each size sent its last picture. */
  readonly #layers = new Map<number, number>();
  /** Since when pictures have come without a pause: from then on all sizes become known. */
  #flowsSince = -Infinity;
  #lastAt = -Infinity;

  /** `firstID` is random, so that no two senders, and no two lives of one, have an id in common. */
  constructor(firstID: bigint) {
    this.#nextID = BigInt.asUintN(64, firstID);
  }

  /** How many messages wait. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Takes a message that is within the bounds; false if too many wait already: pictures have
   * stopped, or keyframes are waited for. */
  enqueue(
    data: Uint8Array,
    options: { repeats: number; delayMilliseconds: number; keyFramesOnly: boolean },
    now: number,
  ): boolean {
    this.#drop(now);
    if (this.#waiting.length >= metadataLimits.queue) return false;
    const { repeats, delayMilliseconds, keyFramesOnly } = options;
    this.#waiting.push({
      id: this.#nextID,
      data,
      repeats,
      due: now + delayMilliseconds,
      isForKeyframesOnly: keyFramesOnly,
      sent: new Map(),
      firstSentAt: undefined,
    });
    this.#nextID = BigInt.asUintN(64, this.#nextID + 1n);
    return true;
  }

  /** The picture of a size with what is to go out with it; undefined if nothing is, or it has no
   * slice, and then it is sent as it is. */
  attach(
    picture: Uint8Array,
    layer: number,
    isKeyframe: boolean,
    now: number,
  ): Uint8Array | undefined {
    this.#note(layer, now);
    const chosen: Waiting[] = [];
    let byteCount = 0;
    for (const one of this.#waiting) {
      if (one.due > now || (one.isForKeyframesOnly && !isKeyframe)) continue;
      if ((one.sent.get(layer) ?? 0) >= one.repeats) continue;
      const size = one.data.length;
      if (chosen.length > 0 && byteCount + size > metadataLimits.frameBytes) continue;
      chosen.push(one);
      byteCount += size;
      if (chosen.length === metadataLimits.frameMessages) break;
    }
    const result = chosen.length > 0 ? withMetadata(picture, chosen) : undefined;
    if (!result) return undefined;
    for (const one of chosen) {
      one.sent.set(layer, (one.sent.get(layer) ?? 0) + 1);
      one.firstSentAt ??= now;
    }
    this.#drop(now);
    return result;
  }

  #note(layer: number, now: number): void {
    if (now - this.#lastAt > layerRestMilliseconds) this.#flowsSince = now;
    this.#lastAt = now;
    this.#layers.set(layer, now);
    for (const [other, at] of this.#layers) {
      if (now - at > layerRestMilliseconds) this.#layers.delete(other);
    }
  }

  /** Forgets what every size that is sent has sent, or what is too old to be of use to the others. */
  #drop(now: number): void {
    // The first pictures after a pause do not tell yet how many sizes there are.
    const areLayersKnown = now - this.#flowsSince > layerRestMilliseconds;
    this.#waiting = this.#waiting.filter(({ sent, repeats, firstSentAt, isForKeyframesOnly }) => {
      if (firstSentAt === undefined) return true;
      const hasRested = !isForKeyframesOnly && now - firstSentAt > 2 * layerRestMilliseconds;
      const isDone = [...this.#layers.keys()].every((layer) => (sent.get(layer) ?? 0) >= repeats);
      return !(isDone && areLayersKnown) && !(hasRested && this.#isDoneSomewhere(sent, repeats));
    });
  }

  #isDoneSomewhere(sent: ReadonlyMap<number, number>, repeats: number): boolean {
    return [...sent.values()].some((count) => count >= repeats);
  }
}
