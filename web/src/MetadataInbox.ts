// Metadata that came with pictures: whose it is, in order, and each once.
// SPDX-License-Identifier: Apache-2.0
import type { MetadataMessage } from './metadataMessage';
import type { ReceivedMetadata } from './metadataProtocol';
import type { SlotSource } from './SlotTable';

/** What of so many pictures waits for word of whose they are. */
export const heldMax = 64;

/** So many messages of a track are remembered: repetitions of older ones count as new. */
export const rememberedMax = 256;

/** What the inbox needs to know of slots, and to whom it hands messages. */
export interface InboxSurroundings {
  /** Whose picture a section shows at a timestamp; null: nobody's, undefined: not known yet. */
  owner(mid: string, rtpTimestamp: number): SlotSource | null | undefined;
  deliver(source: SlotSource, data: Uint8Array, rtpTimestamp: number): void;
}

/** Pictures come one way and word of whose they are another, which may be slower. */
export class MetadataInbox {
  readonly #surroundings: InboxSurroundings;
  #held: { readonly mid: string; readonly received: ReceivedMetadata }[] = [];
  /** By track the ids seen, the oldest first. */
  readonly #seen = new Map<string, Set<string>>();

  constructor(surroundings: InboxSurroundings) {
    this.#surroundings = surroundings;
  }

  /** A picture with messages came over a section. */
  receive(mid: string, received: ReceivedMetadata): void {
    this.#held.push({ mid, received });
    this.look();
    if (this.#held.length > heldMax) this.#held.shift();
  }

  /** Slots may have changed: hands out what is known by now. */
  look(): void {
    const held = this.#held;
    this.#held = [];
    const waiting = new Set<string>();
    for (const one of held) {
      const { mid, received } = one;
      const owner = this.#surroundings.owner(mid, received.rtpTimestamp);
      if (owner === undefined || waiting.has(mid)) {
        waiting.add(mid);
        this.#held.push(one);
      } else if (owner) {
        this.#deliver(owner, received);
      }
    }
  }

  /** A track is gone. */
  forget(track: string): void {
    this.#seen.delete(track);
  }

  /** The peer connection is another one. */
  clear(): void {
    this.#held = [];
  }

  #deliver(owner: SlotSource, { messages, rtpTimestamp }: ReceivedMetadata): void {
    for (const { id, data } of messages) {
      if (this.#isNew(owner.track, { id, data })) {
        this.#surroundings.deliver(owner, data, rtpTimestamp);
      }
    }
  }

  #isNew(track: string, { id }: MetadataMessage): boolean {
    const seen = this.#seen.get(track) ?? new Set<string>();
    this.#seen.set(track, seen);
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > rememberedMax) for (const oldest of seen) if (seen.delete(oldest)) break;
    return true;
  }
}
