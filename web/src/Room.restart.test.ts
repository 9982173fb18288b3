// Proves what a room carries over into a new session when the former one cannot be taken up again.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection, FakeTrack } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { camera, except, forgetful, joined, joinedRoom, microphone, sentMedia } from './testing/room';

const clock = new FakeClock().install();

test('a refused resume joins anew on the same socket, and all is as it was', async () => {
  const { room, log } = await joinedRoom();
  const mine = new FakeTrack('video');
  const track = await room.publishTrack(mine as unknown as MediaStreamTrack, 'custom');
  const voice = await room.publishMicrophone();
  await room.mute(voice);
  await room.unsubscribe('bob', 'screen');
  const bob = room.remoteParticipants.get('bob');
  const shown = bob?.track('camera');
  const [first] = FakeConnection.all;
  const states: string[] = [];
  room.on('publishStateChanged', ({ source, from, to }) => states.push(`${source} ${from}>${to}`));
  log.length = 0;
  FakeServer.answer = forgetful();
  FakeServer.last.lose();
  await settle();
  const { heard } = FakeServer.last;
  assert.deepEqual(heard.map(({ type }) => type), [
    'resume', 'join', 'unsubscribe', 'publish', 'publish',
  ]);
  assert.equal(heard[1]?.['participant'], 'ada');
  assert.deepEqual(heard.slice(2).map((message) => ({ ...message, id: 0 })), [
    { type: 'unsubscribe', id: 0, participant: 'bob', source: 'screen' },
    { type: 'publish', id: 0, source: 'custom', mid: '15' },
    { type: 'publish', id: 0, source: 'microphone', mid: '0', muted: true },
  ]);
  assert.equal(FakeConnection.all.length, 2);
  assert.ok(first?.isClosed);
  assert.deepEqual(sentMedia(), { 0: 'audio', 15: 'video' });
  assert.equal(FakeConnection.last.sections[15]?.sender.track, mine);
  assert.equal(room.negotiationCount, 1);
  assert.equal(room.localTrack('custom'), track);
  assert.ok(room.localTracks.get(track.id) === track && voice.isMuted);
  assert.equal(mine.readyState, 'live');
  assert.equal(room.remoteParticipants.get('bob'), bob);
  assert.equal(bob?.track('camera'), shown);
  assert.equal(shown?.mediaStreamTrack, FakeConnection.last.sections[5]?.receiver.track);
  assert.deepEqual(log, [
    'reconnecting signalLost', 'stopped TR_2', 'connected restarted', 'started TR_2',
  ]);
  assert.deepEqual(states, [
    'custom published>publishing', 'microphone published>publishing',
    'custom publishing>published', 'microphone publishing>published',
  ]);
  await room.leave();
});

test('after a restart others differ as they really do', async () => {
  const { room, log } = await joinedRoom();
  FakeServer.answer = forgetful({
    participants: [
      { id: 'cy', tracks: [{ ...camera, id: 'TR_8' }] },
      { id: 'bob', interrupted: true, tracks: [microphone] },
    ],
    slots: [],
  });
  FakeServer.last.lose();
  await settle();
  assert.deepEqual(log, [
    'reconnecting signalLost', 'stopped TR_2', 'connected restarted', 'came cy', 'unpublished TR_2',
    'published TR_1',
  ]);
  assert.ok(room.remoteParticipants.get('bob')?.isInterrupted);
  await room.leave();
});

test('what was asked of a session that is over is lost, and not asked again', async () => {
  const { room } = await joinedRoom(except(({ type }) => (type === 'setRole' ? null : undefined)));
  const asked = assert.rejects(room.setRole('host'), { code: errorCodes.linkLost });
  FakeServer.answer = forgetful();
  FakeServer.last.lose();
  await settle();
  await asked;
  assert.equal(FakeServer.heard('setRole').length, 1);
  await room.leave();
});

test('publishing that a restart cuts short is done in the new session', async () => {
  const { room } = await joinedRoom(except(({ type }) => (type === 'publish' ? null : undefined)));
  const publishing = room.publishCamera();
  await settle();
  FakeServer.answer = forgetful();
  FakeServer.last.lose();
  const track = await publishing;
  assert.equal(room.localTrack('camera'), track);
  assert.equal(FakeServer.last.heard.filter(({ type }) => type === 'publish').length, 1);
  assert.deepEqual(sentMedia(), { 1: 'video' });
  assert.equal(room.publishState('camera'), 'published');
  await room.leave();
});

test('a mute that a restart overtakes is part of publishing anew', async () => {
  const { room } = await joinedRoom();
  const track = await room.publishCamera();
  FakeServer.answer = forgetful();
  FakeServer.isUp = false;
  FakeServer.last.lose();
  const muting = room.mute(track);
  await settle();
  FakeServer.isUp = true;
  await clock.pass(400);
  await muting;
  assert.equal(FakeServer.heard('mute').length, 0);
  assert.equal(FakeServer.last.heard.find(({ type }) => type === 'publish')?.['muted'], true);
  await room.leave();
});

test('a server that moves takes everybody along as new sessions', async () => {
  const { room, log } = await joinedRoom();
  const camera = await room.publishCamera();
  const goodbye = { type: 'disconnected', reason: 'serverShutdown', message: 'Bye.', rejoin: true };
  const server = FakeServer.last;
  server.say(goodbye);
  server.lose();
  await settle();
  assert.equal(FakeServer.heard('resume').length, 0);
  assert.deepEqual(log, [
    'reconnecting serverMoved', 'stopped TR_2', 'connected restarted', 'started TR_2',
  ]);
  assert.equal(room.localTrack('camera'), camera);
  await room.leave();
});

test('without resuming a break means a new session', async () => {
  const { room, log } = await joinedRoom(
    except(({ type, id }) =>
      type === 'join' ? { ...joined, id, resumeSeconds: undefined } : undefined,
    ),
    { resume: false },
  );
  assert.deepEqual(FakeServer.heard('join')[0]?.['options'], { autoSubscribe: true });
  FakeServer.last.lose();
  await settle();
  assert.equal(FakeServer.heard('resume').length, 0);
  assert.equal(log[2], 'connected restarted');
  await room.leave();
});

test('a new token is that of the next session too', async () => {
  const { room } = await joinedRoom(undefined, { token: 'old' });
  await room.renewToken('new');
  FakeServer.answer = forgetful();
  FakeServer.last.lose();
  await settle();
  assert.deepEqual(FakeServer.heard('join').map(({ token }) => token), ['old', 'new']);
  await room.leave();
});

test('who changed meanwhile comes back as changed', async () => {
  const { room } = await joinedRoom(undefined, { role: 'host', attributes: { seat: '1' } });
  const server = FakeServer.last;
  const me = { id: 'ada', name: 'Ada L.', attributes: { seat: '2' }, role: 'audience', tracks: [] };
  server.say({ type: 'roleChanged', role: 'audience' });
  server.say({ type: 'participantUpdated', participant: me });
  FakeServer.answer = forgetful({
    participant: { id: 'ada', name: 'Ada L.', role: 'audience', tracks: [] },
  });
  server.lose();
  await settle();
  const again = FakeServer.heard('join')[1];
  assert.equal(again?.['name'], 'Ada L.');
  assert.deepEqual(again?.['attributes'], { seat: '2' });
  assert.equal((again?.['options'] as { role?: string }).role, 'audience');
  await room.leave();
});

test('one of the audience publishes after a restart when it is a host', async () => {
  const { room } = await joinedRoom();
  const track = await room.publishCamera();
  FakeServer.last.say({ type: 'roleChanged', role: 'audience' });
  await settle();
  FakeServer.answer = forgetful({ participant: { id: 'ada', role: 'audience', tracks: [] } });
  FakeServer.last.lose();
  await settle();
  assert.equal(FakeServer.heard('publish').length, 1);
  assert.deepEqual(sentMedia(), {});
  // The server does not know it: there is nothing to mute there.
  await room.mute(track);
  await room.unmute(track);
  assert.equal(FakeServer.heard('mute').length, 0);
  FakeServer.last.say({ type: 'roleChanged', role: 'host' });
  await settle();
  assert.equal(FakeServer.heard('publish').length, 2);
  assert.deepEqual(sentMedia(), { 1: 'video' });
  assert.equal(room.localTracks.get(track.id), track);
  await room.leave();
});

test('a track that the new session does not take is given up, and that is told', async () => {
  const { room, log } = await joinedRoom();
  await room.publishCamera();
  const microphone = await room.publishMicrophone();
  room.on('localTrackUnpublished', ({ track, reason }) => log.push(`${track.source} ${reason}`));
  room.on('warning', ({ code, source, error }) => log.push(`${code} ${source} ${error?.code}`));
  const answer = forgetful();
  FakeServer.answer = (message) =>
    message.type === 'publish' && message['source'] === 'camera'
      ? { type: 'error', id: message.id, code: 2009, message: 'No.' }
      : answer(message);
  FakeServer.last.lose();
  await settle();
  assert.deepEqual(log.slice(-2), ['camera failed', 'publishFailed camera 2009']);
  assert.deepEqual([...room.localTracks.values()], [microphone]);
  await room.leave();
});

test('a break while a new session begins is another break, and leaves nothing behind', async () => {
  const { room, log } = await joinedRoom();
  await room.publishCamera();
  let joins = 0;
  const answer = forgetful();
  FakeServer.answer = (message) => {
    if (message.type !== 'join') return answer(message);
    joins += 1;
    if (joins > 2) return answer(message);
    // The first breaks before the answer, the second just after it.
    const server = FakeServer.last;
    queueMicrotask(() => queueMicrotask(() => server.lose()));
    return joins === 2 ? answer(message) : undefined;
  };
  FakeServer.last.lose();
  await clock.pass(5_000);
  assert.equal(joins, 3);
  assert.deepEqual(log, [
    'reconnecting signalLost', 'stopped TR_2', 'connected restarted', 'started TR_2',
  ]);
  assert.equal(FakeConnection.all.filter(({ isClosed }) => !isClosed).length, 1);
  assert.equal(FakeServer.all.filter(({ isClosed }) => !isClosed).length, 1);
  assert.deepEqual(sentMedia(), { 1: 'video' });
  await room.leave();
  assert.equal(clock.timerCount, 0);
});
