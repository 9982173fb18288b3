// Proves requests, answers, errors, events, pings and every way a socket ends, on a fake WebSocket.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { Heartbeat, missedPongsMax } from './Heartbeat';
import { SignalSocket } from './SignalSocket';
import type { SocketLike } from './SignalSocket';

class FakeSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: { type: string; id?: number }[] = [];
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

async function opened(): Promise<[SignalSocket, FakeSocket]> {
  const fake = new FakeSocket();
  const opening = SignalSocket.open('ws://x', { create: () => fake });
  fake.onopen?.();
  return [await opening, fake];
}

test('a request is answered by the message of its number', async () => {
  const [socket, fake] = await opened();
  const first = socket.request({ type: 'unpublish', track: 'TR_1' });
  const second = socket.request({ type: 'publish', source: 'camera', mid: '1' });
  assert.deepEqual(fake.sent, [
    { type: 'unpublish', track: 'TR_1', id: 1 },
    { type: 'publish', source: 'camera', mid: '1', id: 2 },
  ]);
  fake.hear({ type: 'ok', id: 2, track: 'TR_7' });
  fake.hear({ type: 'ok', id: 1 });
  assert.equal((await second).track, 'TR_7');
  assert.equal((await first).track, undefined);
  socket.close();
});

test('an error answers with its code, and an answer of another type is refused', async () => {
  const [socket, fake] = await opened();
  const refused = socket.request({ type: 'leave' });
  fake.hear({ type: 'error', id: 1, code: 4004, message: 'No.' });
  await assert.rejects(refused, { code: errorCodes.trackNotFound, message: 'No.' });
  const wrong = socket.request({ type: 'offer', offer: { sdp: '' } });
  fake.hear({ type: 'ok', id: 2 });
  await assert.rejects(wrong, { code: errorCodes.malformedMessage });
  socket.close();
});

test('events are handed on; pings are answered; answers to nothing are ignored', async () => {
  const [socket, fake] = await opened();
  const events: string[] = [];
  socket.onEvent = (event) => events.push(event.type);
  fake.hear({ type: 'needSlots', video: 8, audio: 0 });
  fake.hear({ type: 'ping' });
  fake.hear({ type: 'pong', id: 1 });
  fake.hear({ type: 'ok', id: 77 });
  fake.hear({ type: 'newKind' });
  assert.deepEqual(events, ['needSlots']);
  assert.deepEqual(fake.sent, [{ type: 'pong' }]);
  socket.close();
});

test('when the server closes, its last word is the error of every request', async () => {
  const [socket, fake] = await opened();
  let closed = 0;
  socket.onClosed = () => (closed += 1);
  const request = socket.request({ type: 'leave' });
  fake.hear({ type: 'error', code: 5002, message: 'Shutting down.' });
  fake.onclose?.({ code: 1001 });
  await assert.rejects(request, { code: errorCodes.serverShuttingDown });
  await assert.rejects(socket.request({ type: 'leave' }), { code: errorCodes.linkLost });
  socket.close();
  assert.equal(closed, 1);
  assert.ok(!socket.isOpen);
});

test('a message that cannot be read ends the connection', async () => {
  const [socket, fake] = await opened();
  const request = socket.request({ type: 'leave' });
  fake.onmessage?.({ data: '{"type":' });
  await assert.rejects(request, { code: errorCodes.malformedMessage });
  assert.ok(fake.isClosed);
});

test('a request without answer times out, and its late answer harms nobody', async () => {
  const [socket, fake] = await opened();
  await assert.rejects(socket.request({ type: 'leave' }, 5), { code: errorCodes.requestTimedOut });
  fake.hear({ type: 'ok', id: 1 });
  assert.ok(socket.isOpen);
  socket.close();
});

test('opening fails when the server closes, when aborted, and for no address', async () => {
  const fake = new FakeSocket();
  const opening = SignalSocket.open('ws://x', { create: () => fake });
  fake.onclose?.({ code: 1006 });
  await assert.rejects(opening, { code: errorCodes.linkFailed });

  const controller = new AbortController();
  const given = SignalSocket.open('ws://x', { create: () => fake, signal: controller.signal });
  controller.abort();
  await assert.rejects(given, { code: errorCodes.aborted });
  assert.ok(fake.isClosed);

  const none = SignalSocket.open('nonsense', {
    create: () => {
      throw new SyntaxError('bad');
    },
  });
  await assert.rejects(none, { code: errorCodes.linkFailed });
});

test('three pings without any sign of life lose the link, and any message is a sign', () => {
  const heartbeat = new Heartbeat();
  for (let n = 0; n < missedPongsMax; n += 1) assert.equal(heartbeat.tick(), 'ping');
  assert.equal(heartbeat.tick(), 'lost');
  heartbeat.heard();
  assert.equal(heartbeat.tick(), 'ping');
});
