// A data stream of one's own: packets to everybody in the room, at the rate the server allows.
// SPDX-License-Identifier: Apache-2.0
import { toBase64 } from './base64';
import type { ClientRequest } from './clientMessages';
import { toBytes } from './dataBytes';
import type { DataBytes } from './dataBytes';
import { MartletError } from './MartletError';
import type { DataDelivery } from './messages';

/** How a packet is sent. */
export interface SendDataOptions {
  /** Any integer of the application; it goes with the packet and changes nothing. */
  userTimestamp?: number;
  /** Gives up waiting; a packet that is under way already is sent all the same. */
  signal?: AbortSignal;
}

/** What a stream needs of the session around it. */
export interface StreamSurroundings {
  /** Sends a request; answers the stream's number where the reply has one. */
  request(request: ClientRequest): Promise<{ stream?: number }>;
  /** The stream is closed. */
  closed(stream: DataStream): void;
}

/** So many packets of a stream may wait for their turn. */
export const queuedPacketsMax = 64;

/** Larger packets fit no message of the protocol; the server's own limit is lower. */
export const packetBytesMax = 40_000;

/** How long to wait where the server does not say. */
const pauseMilliseconds = 200;

/**
 * An open data stream. Its packets leave in the order of the calls, one after the other: the next
 * is sent when the server has taken the one before, so none overtakes one that had to wait.
 */
export class DataStream {
  /** How its packets arrive. */
  readonly delivery: DataDelivery;

  readonly #surroundings: StreamSurroundings;
  readonly #closing = new AbortController();
  #opened: Promise<number>;
  #id = 0;
  /** Until when the server takes nothing. */
  #suspendedUntil = 0;
  #queued = 0;
  #last: Promise<unknown> = Promise.resolve();
  #reopened: Deferred<number> | undefined;

  /** @internal */
  constructor(delivery: DataDelivery, id: number, surroundings: StreamSurroundings) {
    this.delivery = delivery;
    this.#id = id;
    this.#opened = Promise.resolve(id);
    this.#surroundings = surroundings;
  }

  /** The number by which the others know it; another one after a restart of the session. */
  get id(): number {
    return this.#id;
  }

  /** Whether packets can be sent. */
  get isOpen(): boolean {
    return !this.#closing.signal.aborted;
  }

  /**
   * Sends a packet; waits while more is sent than the server allows. Resolves when the server has
   * taken it: then it will arrive at everybody. Rejects with `packetTooLarge`, `linkLost` (the
   * session was restarted meanwhile; nobody knows whether it arrived) and what the server refuses.
   */
  send(data: DataBytes, options: SendDataOptions = {}): Promise<void> {
    return this.#inTurn(data, options, true);
  }

  /**
   * Sends a packet, but waits for nothing: rejects with `dataRateExceeded`, and nothing was sent,
   * where more is sent than the server allows. `retryAfterMilliseconds` of the error says how long
   * to wait.
   */
  trySend(data: DataBytes, options: SendDataOptions = {}): Promise<void> {
    const wait = this.#suspendedUntil - Date.now();
    if (wait > 0) return Promise.reject(rateExceeded(wait));
    return this.#inTurn(data, options, false);
  }

  /** Closes it; packets that wait are not sent any more. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    const isKnown = !this.#reopened;
    this.end();
    if (isKnown) await this.#surroundings.request({ type: 'closeStream', stream: this.#id });
  }

  /** Nothing can be sent any more. @internal */
  end(error?: MartletError): void {
    if (!this.isOpen) return;
    this.#closing.abort();
    this.#reopened?.reject(error ?? closedError());
    this.#reopened = undefined;
    this.#surroundings.closed(this);
  }

  /** The session is over, another one begins: packets wait for `reopen`. @internal */
  interrupt(): void {
    if (!this.isOpen || this.#reopened) return;
    this.#reopened = deferred();
    this.#opened = this.#reopened.promise;
    this.#suspendedUntil = 0;
    // Nobody may wait for it; that is no error.
    this.#opened.catch(() => {});
  }

  /** Opens it in the new session. @internal */
  async reopen(): Promise<void> {
    const waiting = this.#reopened;
    if (!waiting) return;
    try {
      const { delivery } = this;
      const { stream } = await this.#surroundings.request({ type: 'openStream', delivery });
      this.#id = stream ?? 0;
      if (this.#reopened === waiting) this.#reopened = undefined;
      waiting.resolve(this.#id);
    } catch (error) {
      // Interrupted once more: the next session tries again.
      if ((error as MartletError).is('linkLost')) return;
      this.end(error as MartletError);
      throw error;
    }
  }

  #inTurn(data: DataBytes, options: SendDataOptions, waits: boolean): Promise<void> {
    const bytes = toBytes(data);
    if (!this.isOpen) return Promise.reject(closedError());
    if (bytes.length > packetBytesMax) {
      return Promise.reject(new MartletError('packetTooLarge', 'The packet is too large.'));
    }
    if (this.#queued >= queuedPacketsMax) return Promise.reject(rateExceeded(pauseMilliseconds));
    const packet = toBase64(bytes);
    this.#queued += 1;
    const result = this.#last.then(() => this.#send(packet, options, waits));
    this.#last = result.then(
      () => (this.#queued -= 1),
      () => (this.#queued -= 1),
    );
    return result;
  }

  async #send(data: string, options: SendDataOptions, waits: boolean): Promise<void> {
    const { userTimestamp, signal } = options;
    for (;;) {
      const opened = this.#opened;
      const stream = await opened;
      // Interrupted meanwhile: that number is of a session that is over.
      if (opened !== this.#opened) continue;
      if (!this.isOpen) throw closedError();
      if (signal?.aborted) throw abortedError();
      try {
        await this.#surroundings.request({
          type: 'sendData',
          stream,
          data,
          ...(userTimestamp !== undefined && { userTimestamp }),
        });
        return;
      } catch (error) {
        const wait = pauseAfter(error);
        if (wait === undefined || !waits) throw error;
        this.#suspendedUntil = Date.now() + wait;
        await pause(wait, [this.#closing.signal, signal]);
      }
    }
  }
}

/** How long to wait before the same packet is sent again; undefined: never. */
function pauseAfter(error: unknown): number | undefined {
  if (!(error instanceof MartletError)) return undefined;
  if (!error.is('dataRateExceeded') && !error.is('tooManyRequests')) return undefined;
  return error.retryAfterMilliseconds ?? pauseMilliseconds;
}

/** Waits, or until one of the signals aborts. */
function pause(milliseconds: number, signals: (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    for (const signal of signals) signal?.addEventListener('abort', finish);
    if (signals.some((signal) => signal?.aborted)) finish();
  });
}

function rateExceeded(retryAfterMilliseconds: number): MartletError {
  return new MartletError('dataRateExceeded', 'You send more than allowed; nothing was sent.', {
    retryAfterMilliseconds,
  });
}

function closedError(): MartletError {
  return new MartletError('streamNotFound', 'The data stream is closed.');
}

function abortedError(): MartletError {
  return new MartletError('aborted', 'Sending was given up.');
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: MartletError) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: MartletError) => void = () => {};
  const promise = new Promise<T>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}
