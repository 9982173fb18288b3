// Requests that have no answer yet, kept over breaks so that each is done once.
// SPDX-License-Identifier: Apache-2.0
import type { ClientMessage, ClientRequest } from './clientMessages';
import { MartletError } from './MartletError';
import { replyType } from './serverMessages';
import type { ReplyTo, ServerReply } from './serverMessages';

/** How long a request waits for its answer while the link is there, unless told otherwise. */
export const requestTimeoutMilliseconds = 10_000;

/** So many requests may wait for their answers. */
export const requestsMax = 256;

/**
 * Numbers requests and matches answers. While the link is broken they wait: after a resumed session
 * has repeated its answers, those without one are sent again under the same number.
 */
export class RequestTable {
  readonly #waiting = new Map<number, Waiting>();
  readonly #send: (message: ClientMessage) => void;
  #nextID = 1;
  #isOpen = false;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  /** How many wait for their answers. */
  get count(): number {
    return this.#waiting.size;
  }

  /** A number that no request has had. */
  takeID(): number {
    const id = this.#nextID;
    this.#nextID += 1;
    return id;
  }

  /**
   * Sends a request now or when the link is back, and waits for its answer. Rejects with the
   * server's error, `requestTimedOut`, `tooManyRequests`, or `linkLost` when the session ends
   * first.
   */
  request<Request extends ClientRequest>(
    request: Request,
    timeoutMilliseconds = requestTimeoutMilliseconds,
  ): Promise<ReplyTo<Request>> {
    if (this.#waiting.size >= requestsMax) {
      const message = 'Too many requests wait for their answers.';
      return Promise.reject(new MartletError('tooManyRequests', message));
    }
    const id = this.takeID();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        message: { ...request, id },
        type: replyType(request),
        timeoutMilliseconds,
        resolve: resolve as (reply: ServerReply) => void,
        reject,
        timer: undefined,
        isAbandoned: false,
      };
      this.#waiting.set(id, waiting);
      if (this.#isOpen) this.#dispatch(waiting);
    });
  }

  /** The session can be spoken to: sends what waits, in the order of asking. */
  open(): void {
    this.#isOpen = true;
    for (const waiting of this.#waiting.values()) this.#dispatch(waiting);
  }

  /** The link is broken: everything waits, for as long as it takes. */
  suspend(): void {
    this.#isOpen = false;
    for (const waiting of this.#waiting.values()) clearTimeout(waiting.timer);
  }

  /** The session of what waits is over; what is asked from now on is for the next one. */
  abandon(): void {
    for (const waiting of this.#waiting.values()) waiting.isAbandoned = true;
  }

  /** The next session has begun: whether what was abandoned was done will never be known. */
  rejectAbandoned(error: MartletError): void {
    for (const [id, waiting] of [...this.#waiting]) {
      if (waiting.isAbandoned) this.#take(id)?.reject(error);
    }
  }

  /** An answer came; one to nothing is passed over. */
  answer(reply: ServerReply): void {
    const waiting = this.#take(reply.id);
    if (!waiting) return;
    if (waiting.type === reply.type) waiting.resolve(reply);
    else waiting.reject(new MartletError('malformedMessage', 'The server gave a wrong answer.'));
  }

  /** A request was refused. */
  refuse(id: number, error: MartletError): void {
    this.#take(id)?.reject(error);
  }

  /** Everything is over. */
  rejectAll(error: MartletError): void {
    this.#isOpen = false;
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
  }

  #dispatch(waiting: Waiting): void {
    const { message, timeoutMilliseconds } = waiting;
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => {
      const text = `The server did not answer ${message.type} in time.`;
      this.#take(message.id)?.reject(new MartletError('requestTimedOut', text));
    }, timeoutMilliseconds);
    this.#send(message);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    return waiting;
  }
}

interface Waiting {
  readonly message: ClientRequest & { id: number };
  readonly type: ServerReply['type'];
  readonly timeoutMilliseconds: number;
  readonly resolve: (reply: ServerReply) => void;
  readonly reject: (error: MartletError) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
  isAbandoned: boolean;
}
