// Proves rooms as objects: made before joining, several side by side, listened to, and closed.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { Room } from './Room';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection, installBrowser } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import type { WireMessage } from './testing/FakeServer';
import { camera, except, join, joined, joinedRoom, logOf, makeRoom, polite } from './testing/room';

const clock = new FakeClock().install();

/** A server of several rooms, in each of which somebody of its own is shown. */
const several = except(({ type, id, room }: WireMessage) =>
  type === 'join'
    ? {
        ...joined, id, session: `SE_${room}`, room: { ...joined.room, name: room },
        participants: [{ id: `bob-${room}`, tracks: [camera] }],
        slots: [{ mid: '5', participant: `bob-${room}`, track: 'TR_2' }],
      }
    : undefined,
);

/** Two rooms that are joined at once, with what each one's server and connection are. */
async function twoRooms() {
  const { room: first, log: firstLog } = makeRoom(several);
  const second = new Room();
  const secondLog = logOf(second);
  await Promise.all([
    first.join({ ...join, room: 'a' }),
    second.join({ ...join, room: 'b', participant: 'eve' }),
  ]);
  await settle();
  firstLog.length = secondLog.length = 0;
  const [firstServer, secondServer] = FakeServer.all;
  const [firstMedia, secondMedia] = FakeConnection.all;
  assert.ok(firstServer && secondServer && firstMedia && secondMedia);
  return {
    first, firstLog, firstServer, firstMedia, second, secondLog, secondServer, secondMedia,
  };
}

// It comes first: no browser is there yet.
test('Z05, Z06: a room is made and listened to before there is anything to join', async () => {
  const room = new Room();
  const log = logOf(room);
  await room.setPublishing('microphone', true);
  assert.equal(room.connectionState, 'disconnected');
  assert.equal(FakeConnection.all.length, 0);
  await assert.rejects(room.join(join), { code: errorCodes.unsupportedBrowser });
  assert.deepEqual(log, []);
  FakeServer.reset(polite);
  installBrowser(FakeServer);
  await room.join(join);
  await settle();
  assert.deepEqual(log, ['connecting joinRequested', 'connected joined', 'started TR_2']);
  assert.ok(room.localTrack('microphone'));
  await room.leave();
});

test('C31: token, room, id and name join, and the result says who one is and where', async () => {
  const { room } = makeRoom(
    except(({ type, id, participant, name, room: named }) => {
      if (type !== 'join') return undefined;
      const info = { id: participant, name, tracks: [] };
      return { ...joined, id, room: { ...joined.room, name: named }, participant: info };
    }),
  );
  await room.join({ url: 'http://h:1', token: 'T', room: 'daily', participant: 'u7', name: 'Ida' });
  const [said] = FakeServer.heard('join');
  assert.deepEqual([said?.['token'], said?.['room'], said?.['participant'], said?.['name']], [
    'T', 'daily', 'u7', 'Ida',
  ]);
  assert.equal(room.info?.name, 'daily');
  assert.equal(room.info?.participant, 'u7');
  assert.equal(room.localParticipant?.name, 'Ida');
  await room.leave();
  FakeServer.answer = ({ id }) => ({ type: 'error', id, code: 2008, message: 'Not yours.' });
  const again = room.join({ ...join, participant: 'u8' });
  await assert.rejects(again, { code: errorCodes.tokenWrongIdentity });
});

// MARK: Several rooms

test('C32: several rooms are joined at once, each with its own people and tracks', async () => {
  const two = await twoRooms();
  const { first, second, firstServer, secondServer } = two;
  assert.deepEqual([first.name, second.name], ['a', 'b']);
  assert.deepEqual([...first.remoteParticipants.keys()], ['bob-a']);
  assert.deepEqual([...second.remoteParticipants.keys()], ['bob-b']);
  const tracks = [first, second].map((room, n) =>
    room.remoteParticipants.get(`bob-${'ab'[n]}`)?.track('camera')?.mediaStreamTrack,
  );
  assert.ok(tracks[0] && tracks[1] && tracks[0] !== tracks[1]);
  const cy = { type: 'participantJoined', participant: { id: 'cy', tracks: [] } };
  firstServer.say(cy);
  assert.deepEqual(two.firstLog, ['came cy']);
  assert.deepEqual(two.secondLog, []);
  assert.ok(!second.remoteParticipants.has('cy'));
  await first.publishCamera();
  await second.publishMicrophone();
  assert.deepEqual(two.firstMedia.sent, { 1: 'video' });
  assert.deepEqual(two.secondMedia.sent, { 0: 'audio' });
  const sources = [firstServer, secondServer].map(({ heard }) =>
    heard.filter(({ type }) => type === 'publish').map(({ source }) => source),
  );
  assert.deepEqual(sources, [['camera'], ['microphone']]);
  await Promise.all([first.close(), second.close()]);
});

test('C32: what fails in one room never touches another', async () => {
  const { first, firstLog, firstMedia, secondMedia, firstServer, ...two } = await twoRooms();
  await two.second.publishMicrophone();
  firstServer.lose();
  firstMedia.connectionState = 'failed';
  firstMedia.onconnectionstatechange?.();
  await clock.pass(2_000);
  assert.ok(firstLog.includes('reconnecting signalLost'));
  assert.equal(first.connectionState, 'connected');
  const server = FakeServer.last;
  server.say({ type: 'disconnected', reason: 'kicked', message: 'Out.' });
  assert.equal(first.connectionState, 'disconnected');
  assert.deepEqual(two.secondLog, []);
  assert.equal(two.second.connectionState, 'connected');
  assert.equal(two.second.negotiationCount, 1);
  assert.ok(!two.secondServer.isClosed && !secondMedia.isClosed);
  assert.deepEqual(secondMedia.sent, { 0: 'audio' });
  await two.second.publishCamera();
  await first.close();
  assert.deepEqual(two.secondLog, []);
  await two.second.leave();
  assert.equal(clock.timerCount, 0);
});

test('C33: no room waits for another, also where a listener of one uses another', async () => {
  const { room: silent } = makeRoom((message) =>
    message['room'] === 'a' ? undefined : several(message),
  );
  const joining = silent.join({ ...join, room: 'a', timeoutMilliseconds: 500 });
  const rejected = assert.rejects(joining, { code: errorCodes.joinTimedOut });
  await settle();
  const second = new Room();
  await second.join({ ...join, room: 'b' });
  const started = clock.elapsed;
  let work: Promise<unknown> | undefined;
  const third = new Room();
  second.on('messageReceived', () => {
    work = Promise.all([third.join({ ...join, room: 'c' }), second.leave()]);
  });
  FakeServer.all[1]?.say({ type: 'messageReceived', toAll: true, content: 'Go.' });
  await work;
  assert.equal(clock.elapsed, started);
  assert.equal(second.connectionState, 'disconnected');
  assert.equal(third.connectionState, 'connected');
  assert.equal(silent.connectionState, 'connecting');
  await clock.pass(500);
  await rejected;
  assert.equal(third.connectionState, 'connected');
  await third.leave();
});

// MARK: Listening

test('E01: several listeners hear an event, and each is taken off alone', async () => {
  const { room } = await joinedRoom();
  const heard: string[] = [];
  const controller = new AbortController();
  const off = room.on('participantJoined', () => heard.push('first'));
  room.on('participantJoined', () => heard.push('second'), { signal: controller.signal });
  room.on('participantJoined', () => heard.push('once'), { once: true });
  const come = (id: string) =>
    FakeServer.last.say({ type: 'participantJoined', participant: { id, tracks: [] } });
  come('c1');
  assert.deepEqual(heard.splice(0), ['first', 'second', 'once']);
  off();
  come('c2');
  assert.deepEqual(heard.splice(0), ['second']);
  controller.abort();
  come('c3');
  assert.deepEqual(heard, []);
  await room.leave();
});

test('E31: joining, leaving and each end have their own reason and code in one event', async () => {
  const { room } = makeRoom();
  const told: unknown[] = [];
  room.on('connectionStateChanged', ({ to, reason, error }) => {
    if (to === 'connected' || to === 'disconnected') told.push([to, reason, error?.code]);
  });
  await room.join(join);
  await room.leave();
  for (const reason of ['kicked', 'roomClosed']) {
    await room.join(join);
    FakeServer.last.say({ type: 'disconnected', reason, message: 'Out.' });
  }
  FakeServer.answer = ({ id }) => ({ type: 'error', id, code: 3001, message: 'Full.' });
  await assert.rejects(room.join(join), { code: errorCodes.roomFull });
  assert.deepEqual(told, [
    ['connected', 'joined', undefined],
    ['disconnected', 'left', undefined],
    ['connected', 'joined', undefined],
    ['disconnected', 'kicked', errorCodes.kicked],
    ['connected', 'joined', undefined],
    ['disconnected', 'roomClosed', errorCodes.roomClosed],
    ['disconnected', 'roomFull', errorCodes.roomFull],
  ]);
});

// MARK: Closing

test('Z01, Z02: a closed room has left, tells nothing more and refuses everything', async () => {
  const { room, log } = await joinedRoom();
  const track = await room.publishCamera();
  let offs = 0;
  const signal = { aborted: false, addEventListener: () => {}, removeEventListener: () => offs++ };
  room.on('warning', () => {}, { signal: signal as unknown as AbortSignal });
  const closing = room.close();
  assert.ok(room.isClosed);
  await assert.rejects(room.join(join), { code: errorCodes.invalidState });
  await Promise.all([closing, room.close()]);
  await room.close();
  await room.leave();
  assert.equal(FakeServer.heard('leave').length, 1);
  assert.deepEqual(log, ['leaving left', 'disconnected left']);
  assert.equal(offs, 1);
  assert.equal(track.mediaStreamTrack.readyState, 'ended');
  assert.ok(FakeConnection.last.isClosed && FakeServer.last.isClosed);
  assert.equal(clock.timerCount, 0);
  assert.throws(() => room.on('warning', () => {}), { code: errorCodes.invalidState });
  for (const verb of [
    () => room.join(join),
    () => room.setRole('host'),
    () => room.updateSelf({ name: 'X' }),
    () => room.renewToken('T'),
    () => room.publishMicrophone(),
    () => room.publishCamera(),
    () => room.publishScreen(),
    () => room.publishTrack(track.mediaStreamTrack, 'custom'),
    () => room.unpublish(track),
    () => room.setPublishing('camera', true),
    () => room.mute(track),
    () => room.unmute(track),
    () => room.subscribe('bob'),
    () => room.unsubscribe('bob'),
    () => room.removeParticipant('bob'),
    () => room.changeParticipant('bob', {}),
    () => room.startAudio(),
    () => room.openDataStream(),
    () => room.sendMessage({ content: 'x' }),
    () => room.listDevices(),
    () => room.switchDevice('audiooutput', 'x'),
    () => room.stats(),
  ]) {
    await assert.rejects(verb(), { code: errorCodes.invalidState });
  }
  assert.equal(FakeServer.all.length, 1);
  assert.equal(room.connectionState, 'disconnected');
});

test('a room that is closed while it joins gives joining up, and is not joined anew', async () => {
  const { room, log } = makeRoom(() => undefined);
  room.on('connectionStateChanged', ({ to }) => {
    if (to === 'disconnected') room.join(join).catch(() => log.push('refused'));
  });
  const joining = room.join(join);
  const rejected = assert.rejects(joining, { code: errorCodes.aborted });
  await room.close();
  await rejected;
  await settle();
  assert.deepEqual(log.slice(-2), ['disconnected left', 'refused']);
  assert.equal(FakeServer.all.length, 1);
  const unused = new Room();
  await unused.close();
  await assert.rejects(unused.join(join), { code: errorCodes.invalidState });
});
