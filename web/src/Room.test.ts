// Proves a room from joining to its end, with a fake server and a fake peer connection.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { Room } from './Room';

interface Message {
  type: string;
  id?: number;
  [field: string]: unknown;
}

/** The server's side of the newest WebSocket; what it answers is chosen by each test. */
class FakeServer {
  static last: FakeServer;
  static answer: (message: Message) => object | object[] | undefined;

  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  readonly url: string;
  readonly heard: Message[] = [];

  constructor(url: string) {
    this.url = url;
    FakeServer.last = this;
    queueMicrotask(() => this.onopen?.());
  }

  send(text: string): void {
    const message = JSON.parse(text) as Message;
    this.heard.push(message);
    const answers = [FakeServer.answer(message) ?? []].flat();
    for (const answer of answers) setTimeout(() => this.say(answer), 0);
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(): void {
    this.isClosed = true;
  }
}

class FakeConnection {
  static last: FakeConnection;
  connectionState = 'connected';
  signalingState = 'stable';
  localDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  isClosed = false;
  readonly sections: string[] = [];

  constructor() {
    FakeConnection.last = this;
  }

  addTransceiver(kind: string, options: { direction: string }): object {
    const mid = String(this.sections.length);
    this.sections.push(`${options.direction} ${kind}`);
    return { mid, receiver: { track: { kind } }, sender: { track: null } };
  }

  createOffer(): Promise<object> {
    return Promise.resolve({ type: 'offer', sdp: `offer of ${this.sections.length}` });
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }
}

Object.assign(globalThis, {
  WebSocket: FakeServer,
  RTCPeerConnection: FakeConnection,
  MediaStream: class {},
});

const joined = {
  type: 'joined',
  id: 1,
  session: 'SE_1',
  room: { name: 'daily', profile: 'communication' },
  participant: { id: 'ada', name: 'Ada', tracks: [] },
  answer: { sdp: 'answer' },
  participants: [
    { id: 'bob', tracks: [{ id: 'TR_2', source: 'camera', kind: 'video', muted: false }] },
  ],
  slots: [{ mid: '5', participant: 'bob', track: 'TR_2' }],
};

function polite(message: Message): object | object[] | undefined {
  switch (message.type) {
    case 'join':
      return joined;
    case 'offer':
      return { type: 'answer', id: message.id, answer: { sdp: 'answer' } };
    case 'ping':
      return undefined;
    default:
      return { type: 'ok', id: message.id };
  }
}

/** A room, and a log of what it told. */
function makeRoom(answer: typeof FakeServer.answer = polite): { room: Room; log: string[] } {
  FakeServer.answer = answer;
  const room = new Room();
  const log: string[] = [];
  room.on('connectionStateChanged', ({ to, reason }) => log.push(`${to} ${reason}`));
  room.on('trackStarted', ({ track }) => log.push(`started ${track.id}`));
  room.on('participantJoined', ({ participant }) => log.push(`joined ${participant.name}`));
  return { room, log };
}

const join = { url: 'http://h:1', room: 'daily', name: 'Ada' };

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 15));
}

test('one message joins: the offer goes there and the room comes back', async () => {
  const { room, log } = makeRoom();
  await room.join(join);
  assert.equal(FakeServer.last.url, 'ws://h:1/v1/signal');
  assert.deepEqual(FakeServer.last.heard, [
    {
      type: 'join', id: 1, room: 'daily', name: 'Ada',
      offer: { sdp: 'offer of 15' }, options: { autoSubscribe: true },
    },
  ]);
  assert.deepEqual(FakeConnection.last.sections, [
    'sendonly audio', 'sendonly video', 'sendonly video', 'sendonly audio',
    ...Array<string[]>(4).fill(['recvonly audio', 'recvonly video']).flat(),
    ...Array<string>(3).fill('recvonly audio'),
  ]);
  assert.deepEqual(log, ['connecting joinRequested', 'connected joined', 'started TR_2']);
  assert.equal(room.participants.get('bob')?.track('camera')?.kind, 'video');
  assert.deepEqual(room.localParticipant, { id: 'ada', name: 'Ada' });
  assert.equal(room.negotiationCount, 1);
  await room.leave();
});

test('people coming and going negotiate nothing; a lack of slots negotiates once', async () => {
  const { room } = makeRoom();
  await room.join(join);
  const server = FakeServer.last;
  server.say({ type: 'participantJoined', participant: { id: 'cy', tracks: [] } });
  server.say({ type: 'participantLeft', participant: 'cy', reason: 'left' });
  await pause();
  assert.equal(room.negotiationCount, 1);
  server.say({ type: 'needSlots', video: 8, audio: 0 });
  await pause();
  assert.equal(room.negotiationCount, 2);
  assert.equal(FakeConnection.last.sections.length, 15 + 16);
  await room.leave();
});

test('what comes while the answer is taken is told after joining, in its order', async () => {
  const { room, log } = makeRoom((message) =>
    message.type === 'join'
      ? [joined, { type: 'participantJoined', participant: { id: 'cy', tracks: [] } }]
      : polite(message),
  );
  await room.join(join);
  await pause();
  assert.deepEqual(log, [
    'connecting joinRequested', 'connected joined', 'started TR_2', 'joined cy',
  ]);
  await room.leave();
});

test('leaving says so, closes everything and empties the room', async () => {
  const { room, log } = makeRoom();
  await room.join(join);
  await room.leave();
  assert.equal(FakeServer.last.heard.filter(({ type }) => type === 'leave').length, 1);
  assert.ok(FakeServer.last.isClosed && FakeConnection.last.isClosed);
  assert.equal(room.participants.size, 0);
  assert.deepEqual(log.slice(-2), ['leaving left', 'disconnected left']);
  await room.leave();
  await room.join(join);
  assert.equal(room.connectionState, 'connected');
  await room.leave();
});

test('a refusal has its code, and joining is possible again', async () => {
  const { room, log } = makeRoom((message) =>
    message.type === 'join'
      ? { type: 'error', id: 1, code: 2005, message: 'The token has expired.' }
      : polite(message),
  );
  await assert.rejects(room.join(join), { code: errorCodes.tokenExpired });
  assert.deepEqual(log, ['connecting joinRequested', 'disconnected tokenExpired']);
  assert.ok(FakeConnection.last.isClosed);
  FakeServer.answer = polite;
  await room.join(join);
  await room.leave();
});

test('a server that says nothing is given up in time', async () => {
  const { room, log } = makeRoom(() => undefined);
  await assert.rejects(room.join({ ...join, timeoutMilliseconds: 20 }), {
    code: errorCodes.joinTimedOut,
  });
  assert.equal(log[1], 'disconnected joinTimedOut');
  assert.ok(FakeServer.last.isClosed);
});

test('joining can be aborted, and left, at any time', async () => {
  const controller = new AbortController();
  const first = makeRoom(() => undefined);
  const aborted = first.room.join({ ...join, signal: controller.signal });
  await pause();
  controller.abort();
  await assert.rejects(aborted, { code: errorCodes.aborted });
  assert.equal(first.log[first.log.length - 1], 'disconnected left');

  const second = makeRoom(() => undefined);
  const joining = second.room.join(join);
  await second.room.leave();
  assert.equal(second.room.connectionState, 'disconnected');
  await assert.rejects(joining, { code: errorCodes.aborted });
  assert.deepEqual(second.log, ['connecting joinRequested', 'leaving left', 'disconnected left']);
});

test('a lost link, lost media and the server end the session, each with its reason', async () => {
  const ends: [() => void, string][] = [
    [() => FakeServer.last.onclose?.(), 'disconnected signalLost'],
    [
      () => {
        FakeConnection.last.connectionState = 'failed';
        FakeConnection.last.onconnectionstatechange?.();
      },
      'disconnected mediaLost',
    ],
    [
      () => FakeServer.last.say({ type: 'disconnected', reason: 'kicked', message: 'Out.' }),
      'disconnected kicked',
    ],
  ];
  for (const [end, expected] of ends) {
    const { room, log } = makeRoom();
    await room.join(join);
    end();
    assert.equal(log[log.length - 1], expected);
    assert.equal(room.participants.size, 0);
    assert.ok(FakeConnection.last.isClosed && FakeServer.last.isClosed);
    FakeServer.last.onclose?.();
    assert.equal(log.length, 4);
  }
});

test('outside a room every verb is refused and nothing else happens', async () => {
  const { room } = makeRoom();
  const track = { kind: 'video' } as MediaStreamTrack;
  for (const verb of [
    () => room.publishCamera(),
    () => room.publishTrack(track, 'custom'),
    () => room.subscribe('bob'),
  ]) {
    await assert.rejects(verb(), { code: errorCodes.invalidState });
  }
  assert.equal(await room.stats(), undefined);
  await room.startAudio();
  await room.join(join);
  await assert.rejects(room.join(join), { code: errorCodes.invalidState });
  assert.equal(room.connectionState, 'connected');
  await room.leave();
});
