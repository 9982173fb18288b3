// The list of lines on the screen: adds at the end, drops at the beginning, follows the newest.
// SPDX-License-Identifier: Apache-2.0
import { byID, oncePerFrame } from '../dom';
import { lineElement, showDelivery } from './chatLine';
import type { LineActions } from './chatLine';
import { ChatLog } from './chatLog';
import type { ChatEntry } from './chatLog';
import type { Outgoing } from './Outbox';

/** Nearer to the end than this one reads the newest. */
const nearEndPixels = 60;

/** Shows a log. A new line costs the same however many there are. */
export class ChatLines {
  #log = new ChatLog();
  readonly #actions: LineActions;
  readonly #list = byID('chat-lines');
  readonly #empty = byID('chat-empty');
  readonly #newest = byID<HTMLButtonElement>('chat-newest');
  /** One's own lines that may still change. */
  readonly #open = new Map<Outgoing, HTMLElement>();
  /** Looking where the end is costs a layout: once for all lines that come together. */
  readonly #follow = oncePerFrame(() => this.#scrollToEnd());
  #isAtEnd = true;
  #isShown = false;

  constructor(actions: LineActions) {
    this.#actions = actions;
    this.#list.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#list;
      this.#isAtEnd = scrollHeight - scrollTop - clientHeight < nearEndPixels;
      if (this.#isAtEnd) this.#newest.hidden = true;
    });
    this.#newest.addEventListener('click', () => this.#scrollToEnd());
    new ResizeObserver(() => {
      if (this.#isAtEnd) this.#scrollToEnd();
    }).observe(this.#list);
  }

  /** How many messages nobody has looked at. */
  get unread(): number {
    return this.#log.unread;
  }

  /** Whether a message came before. */
  isKnown(message: { from: string | undefined; id?: string | undefined }): boolean {
    return this.#log.isKnown(message);
  }

  /** Whether the chat is on the screen. */
  set isShown(value: boolean) {
    this.#isShown = value;
    if (!value) return;
    this.#log.markRead();
    if (this.#isAtEnd) this.#scrollToEnd();
  }

  /** Adds a line. */
  add(entry: ChatEntry): void {
    const surplus = this.#log.add(entry, this.#isShown);
    const line = lineElement(entry, this.#actions);
    this.#empty.hidden = true;
    this.#list.append(line);
    for (let count = 0; count < surplus; count += 1) this.#list.firstElementChild?.remove();
    const outgoing = entry.kind === 'message' ? entry.outgoing : undefined;
    if (outgoing) this.#open.set(outgoing, line);
    if (outgoing) this.#isAtEnd = true;
    if (this.#isAtEnd) this.#follow();
    else this.#newest.hidden = false;
  }

  /** Shows how far one's own message is. */
  updateDelivery(message: Outgoing, isBroken: boolean): void {
    const line = this.#open.get(message);
    if (!line) return;
    showDelivery(line, message, isBroken);
    if (message.delivery.type === 'sent' || !line.isConnected) this.#open.delete(message);
    if (this.#isAtEnd) this.#follow();
  }

  /** Shows the same of all that are under way. */
  updateDeliveries(isBroken: boolean): void {
    for (const message of [...this.#open.keys()]) this.updateDelivery(message, isBroken);
  }

  /** Forgets everything: another room. */
  clear(): void {
    this.#log = new ChatLog();
    this.#open.clear();
    this.#list.replaceChildren();
    this.#empty.hidden = false;
    this.#newest.hidden = true;
    this.#isAtEnd = true;
  }

  #scrollToEnd(): void {
    this.#isAtEnd = true;
    this.#newest.hidden = true;
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
