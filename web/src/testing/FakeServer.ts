// The server's side of WebSockets, for tests: what it answers is chosen by each test.
// SPDX-License-Identifier: Apache-2.0

/** A message as it stands on the wire. */
export interface WireMessage {
  type: string;
  id?: number;
  [field: string]: unknown;
}

/** What a server answers to a message: nothing, one message or several. */
export type Answer = (message: WireMessage) => object | object[] | undefined;

/** One WebSocket of a page, as its server sees it. */
export class FakeServer {
  /** Every socket since the last `reset`, in the order of opening. */
  static all: FakeServer[] = [];
  static answer: Answer = () => undefined;
  /** Whether sockets can be opened. */
  static isUp = true;

  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  readonly url: string;
  readonly heard: WireMessage[] = [];

  constructor(url: string) {
    this.url = url;
    FakeServer.all.push(this);
    queueMicrotask(() => (FakeServer.isUp ? this.onopen?.() : this.lose()));
  }

  /** The newest socket. */
  static get last(): FakeServer {
    const last = FakeServer.all[FakeServer.all.length - 1];
    if (!last) throw new Error('No socket was opened.');
    return last;
  }

  /** Begins anew, with other answers. */
  static reset(answer: Answer): void {
    FakeServer.all = [];
    FakeServer.answer = answer;
    FakeServer.isUp = true;
  }

  /** What was heard of a type, over all sockets. */
  static heard(type: string): WireMessage[] {
    return FakeServer.all.flatMap(({ heard }) => heard.filter((one) => one.type === type));
  }

  send(text: string): void {
    const message = JSON.parse(text) as WireMessage;
    this.heard.push(message);
    for (const answer of [FakeServer.answer(message) ?? []].flat()) {
      queueMicrotask(() => this.say(answer));
    }
  }

  /** The server says something. */
  say(...messages: object[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The connection breaks. */
  lose(): void {
    this.onclose?.({ code: 1006 });
  }

  close(): void {
    this.isClosed = true;
  }
}
