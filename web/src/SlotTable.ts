// Which track each receiving section shows, and what changes when the server says so.
// SPDX-License-Identifier: Apache-2.0
import type { SlotAssignment } from './messages';

/** A track of a participant. */
export interface SlotSource {
  readonly participant: string;
  readonly track: string;
}

/** One thing that happens to a slot. */
export type SlotChange =
  /** The slot no longer shows it: nothing of it may be seen or heard from now on. */
  | { readonly type: 'released'; readonly mid: string; readonly source: SlotSource }
  /** The slot will show it; `isFresh` where it never showed anything before. */
  | {
      readonly type: 'assigned';
      readonly mid: string;
      readonly source: SlotSource;
      readonly isFresh: boolean;
    }
  /** From this RTP timestamp on the slot shows it. */
  | {
      readonly type: 'started';
      readonly mid: string;
      readonly source: SlotSource;
      readonly rtpTimestamp: number;
    };

/** The slots of one session. Knows nothing of media. */
export class SlotTable {
  readonly #slots = new Map<string, { source: SlotSource | null; startsAt: number | undefined }>();

  /**
   * Takes over what the server says, the whole truth about the sections it names. Releases come
   * first, so that a track which moves from one slot to another leaves before it arrives.
   */
  apply(assignments: readonly SlotAssignment[]): SlotChange[] {
    const released: SlotChange[] = [];
    const gained: SlotChange[] = [];
    for (const { mid, participant, track, rtpTimestamp } of assignments) {
      const source = participant === null || track === null ? null : { participant, track };
      const known = this.#slots.get(mid);
      const slot = known ?? { source: null, startsAt: undefined };
      if (!isSame(slot.source, source)) {
        if (slot.source) released.push({ type: 'released', mid, source: slot.source });
        if (source) gained.push({ type: 'assigned', mid, source, isFresh: !this.#used.has(mid) });
        if (source) this.#used.add(mid);
        slot.source = source;
        slot.startsAt = undefined;
      }
      if (source && rtpTimestamp !== undefined && slot.startsAt === undefined) {
        gained.push({ type: 'started', mid, source, rtpTimestamp });
        slot.startsAt = rtpTimestamp;
      }
      if (!known) this.#slots.set(mid, slot);
    }
    return [...released, ...gained];
  }

  /** What a section shows. */
  source(mid: string): SlotSource | null {
    return this.#slots.get(mid)?.source ?? null;
  }

  /** What a section shows at an RTP timestamp; null: nothing, undefined: that is not known yet. */
  owner(mid: string, rtpTimestamp: number): SlotSource | null | undefined {
    const slot = this.#slots.get(mid);
    if (!slot?.source) return slot?.source;
    const { source, startsAt } = slot;
    if (startsAt === undefined) return undefined;
    return isAtOrAfter(rtpTimestamp, startsAt) ? source : null;
  }

  /** What is shown, by section. */
  get sources(): ReadonlyMap<string, SlotSource> {
    const sources = new Map<string, SlotSource>();
    for (const [mid, { source }] of this.#slots) if (source) sources.set(mid, source);
    return sources;
  }

  /** How many sections show something. */
  get usedCount(): number {
    let count = 0;
    for (const slot of this.#slots.values()) if (slot.source) count += 1;
    return count;
  }

  readonly #used = new Set<string>();
}

function isSame(a: SlotSource | null, b: SlotSource | null): boolean {
  return a?.participant === b?.participant && a?.track === b?.track;
}

/** Whether an RTP timestamp is at or after another; they wrap at 2^32 (RFC 3550 §5.1). */
export function isAtOrAfter(timestamp: number, start: number): boolean {
  return ((timestamp - start) | 0) >= 0;
}
