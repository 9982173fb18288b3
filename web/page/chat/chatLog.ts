// The lines of the chat: how many are kept, which are new, and which came twice.
// SPDX-License-Identifier: Apache-2.0
import type { Outgoing } from './Outbox';

/** One line. Texts and names of others are untrusted. */
export type ChatEntry = MessageEntry | SystemEntry;

/** What the room tells. */
export interface SystemEntry {
  readonly kind: 'system';
  readonly text: string;
  readonly at: Date;
}

/** What somebody wrote. */
export interface MessageEntry {
  readonly kind: 'message';
  /** Who wrote it; undefined: the server. */
  readonly from: string | undefined;
  /** Its writer's name when it came. */
  readonly name: string;
  /** What the writer called it. */
  readonly id?: string | undefined;
  readonly text: string;
  readonly at: Date;
  /** For whom it is, where it is not for everybody: a name, or `you`. */
  readonly privateTo?: string | undefined;
  /** How far it is, where it is one's own. */
  readonly outgoing?: Outgoing;
}

/** So many lines are kept; the oldest go first. */
export const linesMax = 2000;

/** So many ids are remembered to know what came twice. */
const idsMax = 500;

/** Holds the lines in the order of coming. */
export class ChatLog {
  readonly #entries: ChatEntry[] = [];
  readonly #ids = new Set<string>();
  #unread = 0;

  /** All lines, the oldest first. */
  get entries(): readonly ChatEntry[] {
    return this.#entries;
  }

  /** How many messages came since the chat was last looked at. */
  get unread(): number {
    return this.#unread;
  }

  /** Whether a message came before: who is not sure that it arrived sends it again. */
  isKnown({ from, id }: Pick<MessageEntry, 'from' | 'id'>): boolean {
    return id !== undefined && this.#ids.has(`${id} ${from ?? ''}`);
  }

  /** Adds a line; `isSeen`: the chat is being looked at. Gives how many of the oldest went. */
  add(entry: ChatEntry, isSeen: boolean): number {
    this.#entries.push(entry);
    if (entry.kind === 'message' && !entry.outgoing) {
      if (!isSeen) this.#unread += 1;
      if (entry.id !== undefined) this.#remember(`${entry.id} ${entry.from ?? ''}`);
    }
    const surplus = Math.max(0, this.#entries.length - linesMax);
    this.#entries.splice(0, surplus);
    return surplus;
  }

  /** The chat is looked at. */
  markRead(): void {
    this.#unread = 0;
  }

  #remember(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= idsMax) return;
    const [oldest] = this.#ids;
    if (oldest !== undefined) this.#ids.delete(oldest);
  }
}

/** The number on a badge: `3`, `99+`. */
export function badgeText(count: number): string {
  return count > 99 ? '99+' : String(count);
}
