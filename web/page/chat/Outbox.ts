// What one writes, on its way: one after the other, waiting where the room asks one to.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from '../../src/index';
import type { SentMessage } from '../../src/index';

/** How far a message is. */
export type Delivery =
  /** Behind others, or under way. */
  | { readonly type: 'queued' | 'sending' }
  /** More was sent than is allowed; it goes on by itself. */
  | { readonly type: 'waiting'; readonly seconds: number }
  /** The server has it, and who was there gets it. */
  | { readonly type: 'sent' }
  /** `isUnsure`: it may have arrived. `isTooLong`: the same can never be sent. */
  | {
      readonly type: 'failed';
      readonly text: string;
      readonly isUnsure?: boolean;
      readonly isTooLong?: boolean;
    };

/** A message that one wrote. */
export interface Outgoing {
  /** Stays the same when it is sent again, so that nobody sees it twice. */
  readonly id: string;
  readonly content: string;
  /** To whom; undefined: to everybody. */
  readonly to: string | undefined;
  delivery: Delivery;
}

/** What the outbox needs of what is around it. */
export interface OutboxSurroundings {
  send(message: { id: string; content: string; to?: readonly string[] }): Promise<SentMessage>;
  wait(milliseconds: number): Promise<void>;
  newID(): string;
  /** A message's `delivery` is another. */
  changed(message: Outgoing): void;
}

/** So many messages may wait. */
export const outboxMax = 50;

/** Between two tries where the server names no time. */
const pauseMilliseconds = 1000;

/** Keeps the order of writing: nothing overtakes a message that has to wait. */
export class Outbox {
  readonly #surroundings: OutboxSurroundings;
  #queue: Outgoing[] = [];
  #isRunning = false;

  constructor(surroundings: OutboxSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Whether no more can be added until some have left. */
  get isFull(): boolean {
    return this.#queue.length >= outboxMax;
  }

  /** Adds a message and sends it as soon as it may leave. */
  add(content: string, to?: string): Outgoing {
    const id = this.#surroundings.newID();
    const message: Outgoing = { id, content, to, delivery: { type: 'queued' } };
    this.#queue.push(message);
    void this.#run();
    return message;
  }

  /** Sends a message that failed once more, behind those that wait. */
  retry(message: Outgoing): void {
    if (message.delivery.type !== 'failed' || this.isFull) return;
    this.#move(message, { type: 'queued' });
    this.#queue.push(message);
    void this.#run();
  }

  /** The call is over: what has not left does not leave any more. */
  clear(): void {
    for (const message of this.#queue.splice(0)) {
      const isUnsure = message.delivery.type === 'sending';
      const text = isUnsure ? 'Perhaps not sent: the call ended.' : 'Not sent: the call ended.';
      this.#move(message, { type: 'failed', text, isUnsure });
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) await this.#send(next);
    this.#isRunning = false;
  }

  async #send(message: Outgoing): Promise<void> {
    const { id, content, to } = message;
    this.#move(message, { type: 'sending' });
    const delivery = await this.#surroundings
      .send({ id, content, ...(to !== undefined && { to: [to] }) })
      .then((): Delivery => ({ type: 'sent' }), outcome);
    // The call may have ended meanwhile.
    if (this.#queue[0] !== message) return;
    this.#move(message, delivery);
    if (delivery.type !== 'waiting') this.#queue.shift();
    else await this.#surroundings.wait(delivery.seconds * 1000);
  }

  #move(message: Outgoing, delivery: Delivery): void {
    message.delivery = delivery;
    this.#surroundings.changed(message);
  }
}

/** What becomes of a message that was refused. */
function outcome(error: unknown): Delivery {
  if (!(error instanceof MartletError)) return { type: 'failed', text: 'Not sent.' };
  const { retryAfterMilliseconds = pauseMilliseconds } = error;
  switch (error.codeName) {
    case 'dataRateExceeded':
    case 'tooManyRequests':
      // In tenths, and never so short that it would be refused again.
      return { type: 'waiting', seconds: Math.ceil(retryAfterMilliseconds / 100 + 0.5) / 10 };
    case 'packetTooLarge':
    case 'messageTooLarge':
      return { type: 'failed', text: 'Not sent: it is too long. Shorten it.', isTooLong: true };
    case 'participantNotFound':
      return { type: 'failed', text: 'Not sent: that person is not here any more.' };
    case 'permissionDenied':
      return { type: 'failed', text: 'Not sent: you may not write in this room.' };
    case 'linkLost':
    case 'requestTimedOut':
      return { type: 'failed', text: 'Perhaps not sent: the connection broke.', isUnsure: true };
    default:
      return { type: 'failed', text: `Not sent: ${error.message}` };
  }
}

/** A message's state in words; `isBroken`: the connection is being mended. */
export function deliveryText(delivery: Delivery, isBroken: boolean): string {
  switch (delivery.type) {
    case 'queued':
      return isBroken ? 'Waits for the connection…' : 'Waits for those before it…';
    case 'sending':
      return isBroken ? 'Waits for the connection…' : 'Sending…';
    case 'waiting':
      return 'Waits a moment: you write faster than the room allows.';
    case 'sent':
      return '';
    case 'failed':
      return delivery.text;
  }
}
