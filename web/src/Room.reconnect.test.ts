// Proves what a room does when links break: how it comes back, what it keeps, and when it gives up.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { except, forgetful, joinedRoom, sentMedia } from './testing/room';

const clock = new FakeClock().install();

const left = { type: 'participantLeft', participant: 'bob', reason: 'left' };

test('B04, B14, B21, B22: a broken socket is replaced, and the session goes on', async () => {
  const { room, log } = await joinedRoom();
  const bob = room.remoteParticipants.get('bob');
  const server = FakeServer.last;
  server.say({ type: 'participantJoined', participant: { id: 'cy', tracks: [] } });
  log.length = 0;
  server.lose();
  assert.equal(room.connectionState, 'reconnecting');
  assert.equal(room.connectionReason, 'signalLost');
  assert.equal(room.lostLink, 'signal');
  assert.equal(room.reconnectAttempt, 1);
  await settle();
  assert.deepEqual(FakeServer.last.heard[0], {
    type: 'resume', id: 2, session: 'SE_1', lastSequence: 1,
  });
  assert.deepEqual(log, ['reconnecting signalLost', 'connected resumed']);
  assert.equal(room.reconnectAttempt, 0);
  assert.equal(room.lostLink, undefined);
  assert.equal(room.remoteParticipants.get('bob'), bob);
  assert.equal(FakeConnection.all.length, 1);
  assert.equal(FakeConnection.last.restartCount, 0);
  assert.ok(server.isClosed);
  await room.leave();
});

test('what was missed is told once, then what was asked is asked again', async () => {
  const { room, log } = await joinedRoom(
    except(({ type, id }) => {
      if (type === 'setRole') return null;
      return type === 'resume' ? { type: 'resumed', id, sequence: 2 } : undefined;
    }),
  );
  const asked = room.setRole('host');
  FakeServer.last.lose();
  await settle();
  assert.equal(FakeServer.heard('setRole').length, 1);
  FakeServer.last.say({ type: 'participantJoined', participant: { id: 'cy', tracks: [] } }, left);
  const again = FakeServer.heard('setRole');
  assert.deepEqual(again[1], again[0]);
  FakeServer.last.say({ type: 'ok', id: again[0]?.id });
  await asked;
  assert.deepEqual(log, [
    'reconnecting signalLost', 'connected resumed', 'came cy', 'stopped TR_2', 'unpublished TR_2',
    'went bob left',
  ]);
  await room.leave();
});

test('E23: silence of 3 s loses the link, and any message is a sign of life', async () => {
  const silent = except(({ type }) => (type === 'ping' ? null : undefined));
  const { room, log } = await joinedRoom(silent);
  await clock.pass(2_500);
  FakeServer.last.say({ type: 'ping' });
  await clock.pass(2_999);
  assert.deepEqual(log, []);
  assert.equal(FakeServer.heard('ping').length, 5);
  await clock.pass(1);
  assert.deepEqual(log.slice(0, 1), ['reconnecting signalLost']);
  await room.leave();
});

test('B23: media silent for 3 s restarts ICE, not earlier, and goes on when heard', async () => {
  const { room, log } = await joinedRoom();
  await clock.pass(5_000);
  FakeConnection.isFlowing = false;
  await clock.pass(2_400);
  assert.deepEqual(log, []);
  assert.equal(FakeConnection.last.restartCount, 0);
  await clock.pass(700);
  assert.deepEqual(log, ['reconnecting mediaLost']);
  assert.equal(room.lostLink, 'media');
  assert.equal(FakeConnection.last.restartCount, 1);
  assert.equal(FakeServer.heard('offer').length, 1);
  await clock.pass(5_000);
  assert.equal(FakeConnection.last.restartCount, 2);
  assert.equal(room.reconnectAttempt, 2);
  FakeConnection.isFlowing = true;
  await clock.pass(600);
  assert.deepEqual(log, ['reconnecting mediaLost', 'connected resumed']);
  assert.equal(FakeServer.all.length, 1);
  await room.leave();
});

test('ICE that loses a path nobody sends over leads to a restart as well', async () => {
  FakeConnection.isFlowing = false;
  const { room, log } = await joinedRoom();
  FakeConnection.isFlowing = false;
  await clock.pass(8_000);
  assert.deepEqual(log, []);
  FakeConnection.last.iceConnectionState = 'disconnected';
  FakeConnection.last.oniceconnectionstatechange?.();
  await clock.pass(3_000);
  assert.deepEqual(log, ['reconnecting mediaLost']);
  await room.leave();
});

test('a server that does not know the media any more is joined anew', async () => {
  const { room, log } = await joinedRoom(
    except(({ type, id }) =>
      type === 'offer' ? { type: 'error', id, code: 4000, message: 'No.' } : undefined,
    ),
  );
  await clock.pass(5_000);
  FakeConnection.isFlowing = false;
  await clock.pass(3_500);
  assert.deepEqual(log.slice(0, 3), [
    'reconnecting mediaLost', 'stopped TR_2', 'connected restarted',
  ]);
  assert.equal(FakeConnection.all.length, 2);
  assert.equal(FakeServer.heard('resume').length, 0);
  await room.leave();
});

test('a handshake that failed is beyond repair; ICE that failed is not', async () => {
  const { room, log } = await joinedRoom();
  const connection = FakeConnection.last;
  connection.connectionState = 'failed';
  connection.iceConnectionState = 'failed';
  connection.onconnectionstatechange?.();
  assert.deepEqual(log, []);
  connection.iceConnectionState = 'connected';
  connection.onconnectionstatechange?.();
  await settle();
  assert.deepEqual(log, [
    'reconnecting mediaLost', 'stopped TR_2', 'connected restarted', 'started TR_2',
  ]);
  assert.ok(connection.isClosed);
  await room.leave();
});

test('what one does while the link is broken holds when it is back', async () => {
  const { room } = await joinedRoom();
  const track = await room.publishCamera();
  FakeServer.isUp = false;
  FakeServer.last.lose();
  const muting = room.mute(track);
  const subscribing = room.unsubscribe('bob');
  await settle();
  assert.ok(track.isMuted);
  assert.deepEqual(sentMedia(), {});
  FakeServer.isUp = true;
  await clock.pass(400);
  await Promise.all([muting, subscribing]);
  assert.deepEqual(FakeServer.heard('mute').map(({ muted }) => muted), [true]);
  assert.equal(room.remoteParticipants.get('bob')?.track('camera')?.subscribeState, 'unsubscribed');
  await room.leave();
});

test('B05, B18, B27: after the window it gives up, and says so', async () => {
  for (const [option, window] of [[undefined, 45], [30, 30], [50, 50]] as const) {
    const { room, log } = await joinedRoom(
      undefined, option === undefined ? {} : { reconnectWindowSeconds: option },
    );
    let code: number | undefined;
    room.on('connectionStateChanged', ({ error }) => (code = error?.code));
    FakeServer.isUp = false;
    FakeServer.last.lose();
    await clock.pass(window * 1000 - 1);
    assert.equal(room.connectionState, 'reconnecting');
    await clock.pass(1);
    assert.deepEqual(log, ['reconnecting signalLost', 'disconnected reconnectTimedOut']);
    assert.equal(code, errorCodes.linkLost);
    assert.equal(clock.timerCount, 0);
    assert.ok(FakeConnection.last.isClosed);
  }
});

test('B09: it tries again and again, at once and then ever more slowly', async () => {
  const { room } = await joinedRoom();
  const begin = clock.elapsed;
  const tries: number[] = [];
  room.on('reconnectAttempt', ({ attempt, lostLink }) => {
    assert.equal(attempt, tries.length + 1);
    assert.equal(lostLink, 'signal');
    tries.push(clock.elapsed - begin);
  });
  FakeServer.isUp = false;
  FakeServer.last.lose();
  await clock.pass(20_000);
  const usual = [0, 300, 1_500, 4_200, 9_000, 16_000];
  for (const [index, at] of tries.entries()) {
    const due = usual[index] ?? 0;
    assert.ok(at >= due && at <= due * 1.2 + 1, `try ${index + 1} at ${at}`);
  }
  assert.ok(tries.length >= 5);
  await room.leave();
  assert.equal(room.reconnectAttempt, 0);
});

test('a server that lets nobody in yet is tried again; one that sends away is not', async () => {
  const { log } = await joinedRoom();
  let refusals = 0;
  FakeServer.answer = except(({ type, id }) => {
    if (type !== 'resume') return undefined;
    refusals += 1;
    return { type: 'error', id, code: refusals < 3 ? 5002 : 3008, message: 'No.' };
  });
  FakeServer.last.lose();
  await clock.pass(5_000);
  assert.equal(refusals, 3);
  assert.deepEqual(log, ['reconnecting signalLost', 'disconnected kicked']);
  assert.equal(clock.timerCount, 0);
});

test('another network is used at once', async () => {
  const page = new EventTarget();
  Object.defineProperty(globalThis, 'window', { value: page, configurable: true });
  const { room, log } = await joinedRoom();
  page.dispatchEvent(new Event('online'));
  assert.deepEqual(log, []);
  page.dispatchEvent(new Event('offline'));
  page.dispatchEvent(new Event('online'));
  assert.deepEqual(log, ['reconnecting networkChanged']);
  assert.equal(room.lostLink, 'both');
  await settle();
  assert.equal(FakeConnection.last.restartCount, 1);
  await clock.pass(1_000);
  assert.deepEqual(log, ['reconnecting networkChanged', 'connected resumed']);
  await room.leave();
  page.dispatchEvent(new Event('offline'));
  page.dispatchEvent(new Event('online'));
  assert.equal(log.length, 4);
  Reflect.deleteProperty(globalThis, 'window');
});

test('what came over the former network does not keep media from being restarted', async () => {
  const page = new EventTarget();
  Object.defineProperty(globalThis, 'window', { value: page, configurable: true });
  const { room, log } = await joinedRoom();
  await clock.pass(4_000);
  FakeConnection.isFlowing = false;
  FakeConnection.last.receive(25);
  FakeServer.isUp = false;
  page.dispatchEvent(new Event('offline'));
  page.dispatchEvent(new Event('online'));
  await clock.pass(600);
  FakeServer.isUp = true;
  await clock.pass(2_000);
  assert.deepEqual(log, ['reconnecting networkChanged']);
  assert.equal(FakeConnection.last.restartCount, 1);
  FakeConnection.isFlowing = true;
  await clock.pass(1_000);
  assert.deepEqual(log, ['reconnecting networkChanged', 'connected resumed']);
  await room.leave();
  Reflect.deleteProperty(globalThis, 'window');
});

test('one may leave while links are broken, and nothing is left behind', async () => {
  const { room, log } = await joinedRoom();
  FakeServer.isUp = false;
  FakeServer.last.lose();
  await clock.pass(3_000);
  await room.leave();
  assert.deepEqual(log, ['reconnecting signalLost', 'leaving left', 'disconnected left']);
  assert.equal(clock.timerCount, 0);
  const count = FakeServer.all.length;
  await clock.pass(60_000);
  assert.equal(FakeServer.all.length, count);
});

test('a hundred breaks leave one socket and one peer connection', async () => {
  const { room } = await joinedRoom();
  await room.publishCamera();
  await clock.pass(2_100);
  const timers = clock.timerCount;
  for (let n = 0; n < 100; n += 1) {
    FakeServer.answer = n % 2 === 0 ? forgetful() : except(() => undefined);
    FakeServer.last.lose();
    await settle();
    assert.equal(room.connectionState, 'connected');
  }
  assert.equal(FakeServer.all.filter(({ isClosed }) => !isClosed).length, 1);
  assert.equal(FakeConnection.all.filter(({ isClosed }) => !isClosed).length, 1);
  assert.equal(clock.timerCount, timers);
  assert.equal(room.localTracks.size, 1);
  await room.leave();
  assert.equal(clock.timerCount, 0);
  assert.ok(FakeServer.all.every(({ isClosed }) => isClosed));
  assert.ok(FakeConnection.all.every(({ isClosed }) => isClosed));
});
