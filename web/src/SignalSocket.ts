// One WebSocket to the server: messages in and out, and its end.
// SPDX-License-Identifier: Apache-2.0
import type { ClientMessage } from './clientMessages';
import { asMartletError, MartletError } from './MartletError';
import { decodeMessage, encodeMessage } from './messageCodec';
import type { UnknownMessage } from './messageCodec';
import type { ServerMessage } from './serverMessages';

/** What of a WebSocket is used; tests pass their own. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Makes the WebSocket. */
export type MakeSocket = (url: string) => SocketLike;

/** What a socket tells. */
export interface SocketListener {
  opened(): void;
  received(message: ServerMessage | UnknownMessage): void;
  /** It is over, or could not be opened; told once, and not after `close`. */
  closed(error: MartletError): void;
}

const makeWebSocket: MakeSocket = (url) => new WebSocket(url) as SocketLike;

/** A signalling connection; it opens as soon as it is made. */
export class SignalSocket {
  readonly #listener: SocketListener;
  #socket: SocketLike | undefined;
  #isOpen = false;
  /** An error that named no request: most likely why the server closes next. */
  #lastError: MartletError | undefined;

  constructor(url: string, listener: SocketListener, make: MakeSocket = makeWebSocket) {
    this.#listener = listener;
    let socket: SocketLike;
    try {
      socket = make(url);
    } catch (error) {
      const message = `${url} is no usable address.`;
      const failure = new MartletError('linkFailed', message, { cause: error });
      // Not before whoever makes this has it.
      queueMicrotask(() => listener.closed(failure));
      return;
    }
    this.#socket = socket;
    socket.onerror = null;
    socket.onopen = () => {
      this.#isOpen = true;
      listener.opened();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#fail(this.#lastError ?? this.#closedError());
  }

  /** Sends a message; what is sent before it is open or after it is over is lost. */
  send(message: ClientMessage): void {
    if (this.#isOpen) this.#socket?.send(encodeMessage(message));
  }

  /** Ends it; nothing it still brings is told. */
  close(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#isOpen = false;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #receive(data: unknown): void {
    if (!this.#socket || typeof data !== 'string') return;
    let message;
    try {
      message = decodeMessage(data);
    } catch (error) {
      // Not to be trusted any further: what was meant is unknown.
      this.#fail(asMartletError(error));
      return;
    }
    // Said before anything else, it was not why.
    this.#lastError = undefined;
    if ('type' in message && message.type === 'error' && message.id === undefined) {
      const { code, message: text, retryAfterMilliseconds } = message;
      this.#lastError = new MartletError(code, text, { retryAfterMilliseconds });
    }
    this.#listener.received(message);
  }

  #fail(error: MartletError): void {
    if (!this.#socket) return;
    this.close();
    this.#listener.closed(error);
  }

  #closedError(): MartletError {
    return this.#isOpen
      ? new MartletError('linkLost', 'The connection to the server was lost.')
      : new MartletError('linkFailed', 'The server cannot be reached; check the address.');
  }
}
