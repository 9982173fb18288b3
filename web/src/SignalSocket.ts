// One WebSocket to the server: requests with their answers, events, pings.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';
import { Heartbeat, pingIntervalMilliseconds } from './Heartbeat';
import { decodeMessage, encodeMessage } from './messageCodec';
import type { ClientRequest } from './clientMessages';
import { replyType } from './serverMessages';
import type { ReplyTo, ServerEvent, ServerReply } from './serverMessages';

/** What of a WebSocket is used; tests pass their own. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** How a socket is opened. */
export interface SignalSocketOptions {
  /** Gives up when it aborts. */
  signal?: AbortSignal;
  /** Makes the WebSocket. */
  create?: (url: string) => SocketLike;
}

/** How long a request waits for its answer, unless told otherwise. */
export const requestTimeoutMilliseconds = 10_000;

/** A signalling connection that is open, until `onClosed` is called once. */
export class SignalSocket {
  /** Called for each event of the server. */
  onEvent: (event: ServerEvent) => void = () => {};
  /** Called once when the connection is over, whoever ended it. */
  onClosed: (error: MartletError) => void = () => {};

  readonly #socket: SocketLike;
  readonly #heartbeat = new Heartbeat();
  readonly #waiting = new Map<number, Waiting>();
  readonly #pings: ReturnType<typeof setInterval>;
  #nextID = 1;
  #isClosed = false;
  /** An error that named no request: most likely why the server closes next. */
  #lastError: MartletError | undefined;

  /** Opens a connection. Rejects with `linkFailed` or `aborted`. */
  static open(url: string, options: SignalSocketOptions = {}): Promise<SignalSocket> {
    const { signal, create = (address) => new WebSocket(address) as SocketLike } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted());
        return;
      }
      let socket: SocketLike;
      try {
        socket = create(url);
      } catch (error) {
        reject(new MartletError('linkFailed', `${url} is no usable address.`, { cause: error }));
        return;
      }
      const abort = () => {
        forget();
        socket.close();
        reject(aborted());
      };
      const forget = () => {
        signal?.removeEventListener('abort', abort);
        socket.onopen = null;
        socket.onclose = null;
      };
      signal?.addEventListener('abort', abort);
      socket.onerror = null;
      socket.onopen = () => {
        forget();
        resolve(new SignalSocket(socket));
      };
      socket.onclose = () => {
        forget();
        reject(new MartletError('linkFailed', 'The server cannot be reached; check the address.'));
      };
    });
  }

  private constructor(socket: SocketLike) {
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#closed('The connection to the server was lost.');
    this.#pings = setInterval(() => this.#tick(), pingIntervalMilliseconds);
  }

  /** Whether messages can still be sent. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /**
   * Sends a request and waits for its answer. Rejects with the server's error, with
   * `requestTimedOut`, or with `linkLost` when the connection ends first.
   */
  request<Request extends ClientRequest>(
    request: Request,
    timeoutMilliseconds = requestTimeoutMilliseconds,
  ): Promise<ReplyTo<Request>> {
    if (this.#isClosed) return Promise.reject(lost('The connection to the server is closed.'));
    const id = this.#takeID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        const message = `The server did not answer ${request.type} in time.`;
        reject(new MartletError('requestTimedOut', message));
      }, timeoutMilliseconds);
      this.#waiting.set(id, {
        type: replyType(request),
        resolve: resolve as (reply: ServerReply) => void,
        reject,
        timer,
      });
      this.#socket.send(encodeMessage({ ...request, id }));
    });
  }

  /** Closes the connection; requests under way are rejected. */
  close(): void {
    this.#closed('The connection was closed.');
  }

  #takeID(): number {
    const id = this.#nextID;
    this.#nextID += 1;
    return id;
  }

  #tick(): void {
    if (this.#heartbeat.tick() === 'lost') {
      this.#closed('The server has not answered for three seconds.');
    } else {
      this.#socket.send(encodeMessage({ type: 'ping', id: this.#takeID() }));
    }
  }

  #receive(data: unknown): void {
    if (this.#isClosed) return;
    this.#heartbeat.heard();
    if (typeof data !== 'string') return;
    let message;
    try {
      message = decodeMessage(data);
    } catch (error) {
      // Not to be trusted any further: what was meant is unknown.
      this.#lastError = error as MartletError;
      this.#closed('The server sent a message that cannot be read.');
      return;
    }
    if ('unknownType' in message) return;
    switch (message.type) {
      case 'pong':
        break;
      case 'ping':
        this.#socket.send(encodeMessage({ type: 'pong' }));
        break;
      case 'error':
        this.#fail(message.id, new MartletError(message.code, message.message));
        break;
      case 'joined':
      case 'resumed':
      case 'answer':
      case 'streamOpened':
      case 'sent':
      case 'ok':
        this.#answer(message);
        break;
      default:
        this.onEvent(message);
    }
  }

  #answer(reply: ServerReply): void {
    const waiting = this.#take(reply.id);
    if (!waiting) return;
    if (waiting.type === reply.type) waiting.resolve(reply);
    else waiting.reject(new MartletError('malformedMessage', 'The server gave a wrong answer.'));
  }

  #fail(id: number | undefined, error: MartletError): void {
    if (id === undefined) this.#lastError = error;
    else this.#take(id)?.reject(error);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      this.#waiting.delete(id);
      clearTimeout(waiting.timer);
    }
    return waiting;
  }

  #closed(message: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#pings);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    const error = this.#lastError ?? lost(message);
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
    this.onClosed(error);
  }
}

interface Waiting {
  readonly type: ServerReply['type'];
  readonly resolve: (reply: ServerReply) => void;
  readonly reject: (error: MartletError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

function lost(message: string): MartletError {
  return new MartletError('linkLost', message);
}

function aborted(): MartletError {
  return new MartletError('aborted', 'Joining was given up.');
}
