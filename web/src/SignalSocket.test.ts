// Proves what a socket tells, and every way it ends, on a fake WebSocket.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import type { MartletError } from './MartletError';
import { SignalSocket } from './SignalSocket';
import type { SocketLike } from './SignalSocket';

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: unknown[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.isClosed = true;
  }

  hear(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function make(): { socket: SignalSocket; fake: FakeSocket; told: string[]; ends: MartletError[] } {
  const fake = new FakeSocket();
  const told: string[] = [];
  const ends: MartletError[] = [];
  const listener = {
    opened: () => told.push('opened'),
    received: (message: object) => told.push(JSON.stringify(message)),
    closed: (error: MartletError) => ends.push(error),
  };
  const socket = new SignalSocket('ws://x', listener, () => fake);
  return { socket, fake, told, ends };
}

test('it opens, and hands messages on in both directions', () => {
  const { socket, fake, told } = make();
  socket.send({ type: 'ping' });
  fake.onopen?.();
  socket.send({ type: 'ping', id: 2 });
  fake.hear({ type: 'needSlots', video: 8, audio: 0 });
  fake.hear({ type: 'newKind' });
  fake.onmessage?.({ data: new ArrayBuffer(1) });
  assert.deepEqual(fake.sent, [{ type: 'ping', id: 2 }]);
  assert.deepEqual(told, [
    'opened', '{"type":"needSlots","video":8,"audio":0}', '{"unknownType":"newKind"}',
  ]);
});

test('an end before it was open, and one after it, are told apart', () => {
  const first = make();
  first.fake.onclose?.({ code: 1006 });
  const second = make();
  second.fake.onopen?.();
  second.fake.onclose?.({ code: 1006 });
  second.fake.onclose?.({ code: 1006 });
  assert.deepEqual(first.ends.map(({ code }) => code), [errorCodes.linkFailed]);
  assert.deepEqual(second.ends.map(({ code }) => code), [errorCodes.linkLost]);
});

test('when the server closes, its last word is the error', () => {
  const { fake, ends } = make();
  fake.onopen?.();
  fake.hear({ type: 'error', code: 5002, message: 'Shutting down.' });
  fake.onclose?.({ code: 1001 });
  assert.equal(ends[0]?.code, errorCodes.serverShuttingDown);
  const later = make();
  later.fake.onopen?.();
  later.fake.hear({ type: 'error', code: 1003, message: 'What?' });
  later.fake.hear({ type: 'pong' });
  later.fake.onclose?.({ code: 1006 });
  assert.equal(later.ends[0]?.code, errorCodes.linkLost);
});

test('a message that cannot be read ends the connection', () => {
  const { fake, ends } = make();
  fake.onopen?.();
  fake.onmessage?.({ data: '{"type":' });
  assert.equal(ends[0]?.code, errorCodes.malformedMessage);
  assert.ok(fake.isClosed);
});

test('what is closed tells nothing any more', () => {
  const { socket, fake, told, ends } = make();
  fake.onopen?.();
  const { onmessage, onclose } = fake;
  socket.close();
  onmessage?.({ data: '{"type":"ping"}' });
  onclose?.({ code: 1000 });
  socket.send({ type: 'ping' });
  assert.ok(fake.isClosed);
  assert.deepEqual(told, ['opened']);
  assert.equal(ends.length + fake.sent.length, 0);
});

test('no address at all is told like a server that is not there', async () => {
  const ends: MartletError[] = [];
  const closed = (error: MartletError) => ends.push(error);
  const listener = { opened: () => {}, received: () => {}, closed };
  const socket = new SignalSocket('nonsense', listener, () => {
    throw new SyntaxError('bad');
  });
  assert.equal(ends.length, 0);
  await Promise.resolve();
  assert.equal(ends[0]?.code, errorCodes.linkFailed);
  socket.close();
});
