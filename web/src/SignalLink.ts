// The signalling of one stay in a room over however many sockets: entering, numbers, requests.
// SPDX-License-Identifier: Apache-2.0
import type { ClientNotice, ClientRequest } from './clientMessages';
import { MartletError } from './MartletError';
import type { UnknownMessage } from './messageCodec';
import { RequestTable } from './RequestTable';
import { isNumbered } from './serverMessages';
import type {
  JoinedReply,
  ReplyTo,
  RoomEvent,
  ServerEvent,
  ServerMessage,
  ServerReply,
} from './serverMessages';
import { SignalSocket } from './SignalSocket';
import type { MakeSocket } from './SignalSocket';

/** What a link tells. */
export interface LinkListener {
  opened(): void;
  /** The socket broke or could not be opened. */
  closed(error: MartletError): void;
  /** A message arrived, whatever it says; told before what it says. */
  heard(): void;
  joined(reply: JoinedReply): void;
  resumed(): void;
  /** `join` or `resume` was refused. */
  refused(entry: 'join' | 'resume', error: MartletError): void;
  /** Something of the room, in the order of the session, over breaks. */
  told(event: RoomEvent): void;
  disconnected(event: Extract<ServerEvent, { type: 'disconnected' }>): void;
}

type ErrorMessage = Extract<ServerMessage, { type: 'error' }>;
type Reply = Exclude<ServerReply, { type: 'joined' | 'resumed' }>;

/**
 * Speaks to the server. It counts what arrives (docs/protocol.md, "Breaks") and answers `ping`, so
 * that a session taken up again misses nothing and is told nothing twice.
 */
export class SignalLink {
  readonly #listener: LinkListener;
  readonly #make: MakeSocket | undefined;
  readonly #requests = new RequestTable((message) => this.#socket?.send(message));
  #socket: SignalSocket | undefined;
  #entry: { type: 'join' | 'resume'; id: number } | undefined;
  #session: string | undefined;
  #lastSequence = 0;
  /** Up to this number the server repeats what was missed. */
  #replayEnd: number | undefined;
  #leaving: { id: number; left: () => void } | undefined;

  constructor(listener: LinkListener, make?: MakeSocket) {
    this.#listener = listener;
    this.#make = make;
  }

  /** The number of the last message of the session that arrived. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** How many requests wait for their answers. */
  get requestCount(): number {
    return this.#requests.count;
  }

  /** Opens a socket. */
  open(url: string): void {
    this.close();
    const socket: SignalSocket = new SignalSocket(
      url,
      {
        opened: () => this.#listener.opened(),
        received: (message) => this.#receive(message),
        closed: (error) => {
          if (this.#socket !== socket) return;
          this.close();
          this.#listener.closed(error);
        },
      },
      this.#make,
    );
    this.#socket = socket;
  }

  /** Closes the socket, if there is one; requests wait for the next. */
  close(): void {
    this.#entry = undefined;
    this.#replayEnd = undefined;
    this.#requests.suspend();
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** Everything is over: what waits is rejected. */
  end(error: MartletError): void {
    this.close();
    this.#session = undefined;
    this.#requests.rejectAll(error);
  }

  /** The session, if there was one, is over: `join` follows when its offer is made. */
  forgetSession(): void {
    this.#session = undefined;
    this.#requests.suspend();
    this.#requests.abandon();
  }

  /** Sends `join`. */
  join(request: Extract<ClientRequest, { type: 'join' }>): void {
    const id = this.#requests.takeID();
    this.#entry = { type: 'join', id };
    this.#socket?.send({ ...request, id });
  }

  /** Sends `resume`. */
  resume(): void {
    const id = this.#requests.takeID();
    this.#entry = { type: 'resume', id };
    const session = this.#session ?? '';
    this.#socket?.send({ type: 'resume', id, session, lastSequence: this.#lastSequence });
  }

  /** The application was told of the session: its requests are sent from now on. */
  begin(): void {
    this.#requests.rejectAbandoned(
      new MartletError('linkLost', 'The session ended before the answer came.'),
    );
    this.#requests.open();
  }

  /** Sends a request now or when the link is back (see `RequestTable.request`). */
  request<Request extends ClientRequest>(
    request: Request,
    timeoutMilliseconds?: number,
  ): Promise<ReplyTo<Request>> {
    return this.#requests.request(request, timeoutMilliseconds);
  }

  /** Says something that nobody answers; lost while there is no link. */
  notify(notice: ClientNotice): void {
    this.#socket?.send(notice);
  }

  /** Says `ping`; the answer is a sign of life like any other. */
  ping(): void {
    this.notify({ type: 'ping' });
  }

  /** Says `leave`; `left` is called when the server has taken note. */
  leave(left: () => void): void {
    const id = this.#requests.takeID();
    this.#leaving = { id, left };
    this.#socket?.send({ type: 'leave', id });
  }

  #receive(message: ServerMessage | UnknownMessage): void {
    const socket = this.#socket;
    this.#listener.heard();
    // Being heard may end things.
    if (!socket || this.#socket !== socket) return;
    if ('unknownType' in message) {
      this.#count(message.unknownType);
      this.#endReplay();
      return;
    }
    switch (message.type) {
      case 'pong':
        break;
      case 'ping':
        this.notify({
          type: 'pong',
          ...(this.#session !== undefined && { lastSequence: this.#lastSequence }),
        });
        break;
      case 'disconnected':
        this.#listener.disconnected(message);
        break;
      case 'joined':
        if (this.#entry?.id !== message.id) break;
        this.#entry = undefined;
        this.#session = message.session;
        this.#lastSequence = 0;
        this.#listener.joined(message);
        break;
      case 'resumed':
        if (this.#entry?.id === message.id) this.#resumed(message.sequence);
        break;
      default:
        this.#receiveNumbered(message);
    }
  }

  #receiveNumbered(message: RoomEvent | Reply | ErrorMessage): void {
    // Nothing else was asked for yet: an error that names no request is about the entry too.
    if (message.type === 'error' && this.#entry && (message.id ?? this.#entry.id) === this.#entry.id) {
      const entry = this.#entry.type;
      this.#entry = undefined;
      this.#listener.refused(entry, errorOf(message));
      return;
    }
    this.#count(message.type);
    if (message.type === 'error') this.#refuse(message);
    else if ('id' in message) this.#answer(message);
    else this.#listener.told(message);
    this.#endReplay();
  }

  #resumed(sequence: number): void {
    this.#entry = undefined;
    this.#replayEnd = Math.max(sequence, this.#lastSequence);
    const socket = this.#socket;
    this.#listener.resumed();
    if (this.#socket === socket) this.#endReplay();
  }

  /** The server has repeated what was missed: what has no answer was not done. */
  #endReplay(): void {
    if (this.#replayEnd === undefined || this.#lastSequence < this.#replayEnd) return;
    this.#replayEnd = undefined;
    this.#requests.open();
  }

  #count(type: string): void {
    if (this.#session !== undefined && isNumbered(type)) this.#lastSequence += 1;
  }

  #answer(reply: ServerReply): void {
    if (this.#leaving && reply.id === this.#leaving.id) this.#leaving.left();
    else this.#requests.answer(reply);
  }

  #refuse(message: ErrorMessage): void {
    const { id } = message;
    if (id === undefined) return;
    if (id === this.#leaving?.id) this.#leaving.left();
    else this.#requests.refuse(id, errorOf(message));
  }
}

function errorOf(message: ErrorMessage): MartletError {
  const { code, message: text, retryAfterMilliseconds } = message;
  return new MartletError(code, text, { retryAfterMilliseconds });
}
