// Proves a room from joining to its end, with a fake server and a fake peer connection.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { camera, except, grants, join, joined, joinedRoom, makeRoom } from './testing/room';

const clock = new FakeClock().install();

test('one message joins: the offer goes there and the room comes back', async () => {
  const { room, log } = makeRoom();
  await room.join(join);
  assert.equal(FakeServer.last.url, 'ws://h:1/v1/signal');
  assert.deepEqual(FakeServer.last.heard, [
    {
      type: 'join', id: 1, room: 'daily', name: 'Ada',
      offer: { sdp: 'offer of 15' }, options: { autoSubscribe: true, resume: true },
    },
  ]);
  assert.deepEqual(
    FakeConnection.last.sections.map(
      ({ direction, receiver }) => `${direction} ${receiver.track.kind}`,
    ),
    [
      'sendonly audio', 'sendonly video', 'sendonly video', 'sendonly audio',
      ...Array<string[]>(4).fill(['recvonly audio', 'recvonly video']).flat(),
      ...Array<string>(3).fill('recvonly audio'),
    ],
  );
  assert.deepEqual(log, ['connecting joinRequested', 'connected joined', 'started TR_2']);
  assert.equal(room.participants.get('bob')?.track('camera')?.kind, 'video');
  assert.equal(room.negotiationCount, 1);
  await room.leave();
});

test('B02, B03, B13, B15, C24, E02, E05, E22, E30: each state has its reason', async () => {
  const { room } = makeRoom();
  const moves: string[] = [];
  room.on('connectionStateChanged', ({ from, to, reason }) =>
    moves.push(`${from}>${to} ${reason}`),
  );
  assert.equal(room.connectionState, 'disconnected');
  assert.equal(room.connectionReason, 'notJoined');
  const joining = room.join(join);
  assert.equal(room.connectionState, 'connecting');
  assert.equal(room.connectionReason, 'joinRequested');
  await joining;
  assert.equal(room.connectionState, 'connected');
  assert.equal(room.connectionReason, 'joined');
  const leaving = room.leave();
  assert.equal(room.connectionState, 'leaving');
  await leaving;
  assert.equal(room.connectionState, 'disconnected');
  assert.equal(room.connectionReason, 'left');
  assert.deepEqual(moves, [
    'disconnected>connecting joinRequested', 'connecting>connected joined',
    'connected>leaving left', 'leaving>disconnected left',
  ]);
});

test('C07, C26: who one is and which call this is are known while one is in it', async () => {
  const { room } = makeRoom();
  assert.equal(room.localParticipant, undefined);
  assert.equal(room.info, undefined);
  await room.join(join);
  assert.equal(room.localParticipant?.id, 'ada');
  assert.equal(room.localParticipant?.name, 'Ada');
  assert.deepEqual(room.localParticipant?.grants, grants);
  const { joinedAt, ...info } = room.info ?? { joinedAt: undefined };
  assert.ok(joinedAt instanceof Date);
  assert.deepEqual(info, {
    name: 'daily', id: 'RM_1', profile: 'communication', participant: 'ada', resumeSeconds: 30,
  });
  await room.leave();
  assert.equal(room.info, undefined);
});

test('everything that may be said on joining is said', async () => {
  const { room } = makeRoom();
  await room.join({
    ...join, token: 'T', participant: 'ada', metadata: 'm', attributes: { seat: '4' },
    profile: 'broadcast', role: 'audience', autoSubscribe: 'audio', priority: 'high',
    preempt: true, audioRanking: false, data: { subscribe: false }, resume: false,
  });
  const said = FakeServer.last.heard[0];
  assert.deepEqual({ ...said, offer: undefined }, {
    type: 'join', id: 1, room: 'daily', token: 'T', participant: 'ada', name: 'Ada', metadata: 'm',
    attributes: { seat: '4' }, offer: undefined,
    options: {
      autoSubscribe: 'audio', profile: 'broadcast', role: 'audience', priority: 'high',
      preempt: true, audioRanking: false, data: ['publish'],
    },
  });
  await room.leave();
});

test('people coming and going negotiate nothing; a lack of slots negotiates once', async () => {
  const { room } = await joinedRoom();
  const server = FakeServer.last;
  server.say(
    { type: 'participantJoined', participant: { id: 'cy', tracks: [] } },
    { type: 'participantLeft', participant: 'cy', reason: 'left' },
  );
  await settle();
  assert.equal(room.negotiationCount, 1);
  server.say({ type: 'needSlots', video: 8, audio: 0 });
  await settle();
  assert.equal(room.negotiationCount, 2);
  assert.equal(FakeConnection.last.sections.length, 15 + 16);
  await room.leave();
});

test('what comes while the answer is taken is told after joining, in its order', async () => {
  const { room, log } = makeRoom(
    except(({ type, id }) =>
      type === 'join'
        ? [{ ...joined, id }, { type: 'participantJoined', participant: { id: 'cy', tracks: [] } }]
        : undefined,
    ),
  );
  await room.join(join);
  await settle();
  assert.deepEqual(log, [
    'connecting joinRequested', 'connected joined', 'started TR_2', 'came cy',
  ]);
  await room.leave();
});

test('Z03, Z04: leaving says so, stops what was published and leaves nothing behind', async () => {
  const { room, log } = await joinedRoom();
  const track = await room.publishCamera();
  await room.leave();
  assert.equal(FakeServer.heard('leave').length, 1);
  assert.ok(FakeServer.last.isClosed && FakeConnection.last.isClosed);
  assert.equal(track.mediaStreamTrack.readyState, 'ended');
  assert.equal(room.participants.size, 0);
  assert.equal(clock.timerCount, 0);
  assert.deepEqual(log.slice(-2), ['leaving left', 'disconnected left']);
  await room.leave();
  await room.join(join);
  assert.equal(room.connectionState, 'connected');
  await room.leave();
});

test('a server that does not answer is left all the same, after a second', async () => {
  const { room } = await joinedRoom(except(({ type }) => (type === 'leave' ? null : undefined)));
  const leaving = room.leave();
  await clock.pass(999);
  assert.equal(room.connectionState, 'leaving');
  await clock.pass(1);
  await leaving;
  assert.equal(room.connectionState, 'disconnected');
});

test('C21: a refusal has its code, and joining is possible again', async () => {
  const { room, log } = makeRoom(
    except(({ type, id }) =>
      type === 'join'
        ? { type: 'error', id, code: 2005, message: 'The token has expired.' }
        : undefined,
    ),
  );
  await assert.rejects(room.join(join), { code: errorCodes.tokenExpired });
  assert.deepEqual(log, ['connecting joinRequested', 'disconnected tokenExpired']);
  assert.ok(FakeConnection.last.isClosed);
  FakeServer.answer = except(() => undefined);
  await room.join(join);
  await room.leave();
});

test('C28: a server that asks for a token says so', async () => {
  const { room } = makeRoom(({ id }) => ({ type: 'error', id, code: 2000, message: 'A token.' }));
  await assert.rejects(room.join(join), { code: errorCodes.tokenRequired });
  assert.equal(room.connectionReason, 'tokenRequired');
});

test('B25: a server that cannot be reached is a link that failed', async () => {
  const { room, log } = makeRoom();
  FakeServer.isUp = false;
  await assert.rejects(room.join(join), { code: errorCodes.linkFailed });
  assert.deepEqual(log, ['connecting joinRequested', 'disconnected linkFailed']);
});

test('an answer that does not fit ends joining', async () => {
  const { room } = makeRoom(({ id }) => ({ ...joined, id, answer: { sdp: 'bad' } }));
  await assert.rejects(room.join(join), { code: errorCodes.malformedMessage });
  assert.equal(room.connectionState, 'disconnected');
});

test('a server that says nothing is given up in time', async () => {
  const { room, log } = makeRoom(() => undefined);
  const joining = room.join({ ...join, timeoutMilliseconds: 20 });
  const rejected = assert.rejects(joining, { code: errorCodes.joinTimedOut });
  await clock.pass(20);
  await rejected;
  assert.equal(log[1], 'disconnected joinTimedOut');
  assert.ok(FakeServer.last.isClosed);
  assert.equal(clock.timerCount, 0);
});

test('joining can be aborted, and left, at any time', async () => {
  const controller = new AbortController();
  const first = makeRoom(() => undefined);
  const aborting = first.room.join({ ...join, signal: controller.signal });
  await settle();
  controller.abort();
  await assert.rejects(aborting, { code: errorCodes.aborted });
  assert.equal(first.log[first.log.length - 1], 'disconnected left');

  const second = makeRoom(() => undefined);
  const joining = second.room.join(join);
  const rejected = assert.rejects(joining, { code: errorCodes.aborted });
  await second.room.leave();
  assert.equal(second.room.connectionState, 'disconnected');
  await rejected;
  assert.deepEqual(second.log, ['connecting joinRequested', 'leaving left', 'disconnected left']);
});

test('B16, B17, E19, E20: the server ends the session, and nothing is tried after it', async () => {
  const ends = ['kicked', 'roomClosed', 'duplicateIdentity', 'tokenExpired', 'serverShutdown'];
  for (const reason of ends) {
    const { room, log } = await joinedRoom();
    FakeServer.last.say({ type: 'disconnected', reason, message: 'Out.' });
    FakeServer.last.lose();
    await clock.pass(60_000);
    assert.deepEqual(log, [`disconnected ${reason}`]);
    assert.equal(room.connectionReason, reason);
    assert.equal(room.participants.size, 0);
    assert.ok(FakeConnection.last.isClosed && FakeServer.last.isClosed);
    assert.equal(FakeServer.all.length, 1);
    assert.equal(clock.timerCount, 0);
  }
});

test('the error of an end says what the server said', async () => {
  const { room } = await joinedRoom();
  let code: number | undefined;
  room.on('connectionStateChanged', ({ error }) => (code = error?.code));
  FakeServer.last.say({ type: 'disconnected', reason: 'kicked', message: 'Out.' });
  assert.equal(code, errorCodes.kicked);
});

test('C03, C17, C19, C20: joining twice is refused and changes nothing', async () => {
  const { room } = await joinedRoom();
  await assert.rejects(room.join(join), { code: errorCodes.invalidState });
  assert.equal(room.connectionState, 'connected');
  assert.equal(FakeServer.all.length, 1);
  await Promise.all([room.leave(), room.leave()]);
  await room.leave();
  assert.equal(FakeServer.heard('leave').length, 1);
});

test('options that cannot be meant are refused before anything happens', async () => {
  const { room, log } = makeRoom();
  const bad: object[] = [
    { reconnectWindowSeconds: 51 }, { reconnectWindowSeconds: 29 }, { reconnectWindowSeconds: NaN },
    { timeoutMilliseconds: 0 }, { role: 'guest' }, { profile: 'party' }, { priority: 'highest' },
    { autoSubscribe: 'both' }, { publish: ['screen'] }, { url: 'ftp://a' },
  ];
  for (const options of bad) {
    const joining = room.join({ ...join, ...options });
    await assert.rejects(joining, { code: errorCodes.invalidArgument });
  }
  assert.deepEqual(log, []);
  assert.equal(FakeServer.all.length, 0);
});

test('outside a room every verb is refused and nothing else happens', async () => {
  const { room } = makeRoom();
  const track = { kind: 'video' } as MediaStreamTrack;
  for (const verb of [
    () => room.publishCamera(),
    () => room.publishTrack(track, 'custom'),
    () => room.subscribe('bob'),
    () => room.setRole('host'),
    () => room.updateSelf({ name: 'X' }),
    () => room.renewToken('T'),
    () => room.openDataStream(),
    () => room.sendMessage({ content: 'x' }),
    () => room.removeParticipant('bob'),
    () => room.changeParticipant('bob', {}),
  ]) {
    await assert.rejects(verb(), { code: errorCodes.invalidState });
  }
  assert.equal(await room.stats(), undefined);
  await room.startAudio();
  await room.leave();
});

test('C23, C18: others are there with their texts, and change before one\'s eyes', async () => {
  const bob = {
    id: 'bob', name: 'Bob', metadata: 'm', attributes: { seat: '1' }, priority: 'high',
    tracks: [camera],
  };
  const { room } = await joinedRoom(
    except(({ type, id }) =>
      type === 'join' ? { ...joined, id, participants: [bob] } : undefined,
    ),
  );
  const seen = room.remoteParticipants.get('bob');
  assert.deepEqual([...room.remoteParticipants.keys()], ['bob']);
  assert.equal(seen?.metadata, 'm');
  assert.deepEqual(seen?.attributes, { seat: '1' });
  assert.equal(seen?.role, 'host');
  assert.equal(seen?.priority, 'high');
  let updates = 0;
  room.on('participantUpdated', ({ participant }) => {
    updates += 1;
    assert.equal(participant, seen);
  });
  const attributes = { seat: '2' };
  const later = { id: 'bob', name: 'Bobby', attributes, role: 'audience', tracks: [] };
  FakeServer.last.say({ type: 'participantUpdated', participant: later });
  FakeServer.last.say({ type: 'participantUpdated', participant: later });
  assert.equal(updates, 1);
  assert.equal(seen?.name, 'Bobby');
  assert.equal(seen?.role, 'audience');
  assert.equal(seen?.priority, 'normal');
  assert.equal(seen?.tracks.size, 1);
  await room.leave();
});
