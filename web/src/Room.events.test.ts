// Proves what a room tells and does for oneself: roles, rights, publishing, data, levels, quality.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import type { LocalTrack } from './LocalTrack';
import type { Room } from './Room';
import type { RoomEvents } from './RoomEvents';
import { FakeClock, settle } from './testing/FakeClock';
import { devices, FakeConnection, FakeTrack } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { except, grants, join, joined, joinedRoom, makeRoom } from './testing/room';

const clock = new FakeClock().install();

/** Every event of that name from now on. */
function events<Name extends keyof RoomEvents>(room: Room, name: Name): RoomEvents[Name][] {
  const all: RoomEvents[Name][] = [];
  room.on(name, (event) => all.push(event));
  return all;
}

/** What is asked, without its number. */
function asked(type: string): object[] {
  return FakeServer.heard(type).map((message) => ({ ...message, id: 0 }));
}

function refuse(type: string, code: number) {
  return except((message) =>
    message.type === type ? { type: 'error', id: message.id, code, message: 'No.' } : undefined,
  );
}

// MARK: Oneself

test('R03, E08: the role is asked for, and told when it is another', async () => {
  const { room } = await joinedRoom();
  const roles = events(room, 'roleChanged');
  await room.setRole('audience');
  assert.deepEqual(asked('setRole'), [{ type: 'setRole', id: 0, role: 'audience' }]);
  FakeServer.last.say({ type: 'roleChanged', role: 'audience' });
  assert.deepEqual(roles, [{ role: 'audience' }]);
  assert.equal(room.localParticipant?.role, 'audience');
  await room.leave();
});

test('R05, R06: the audience stops sending by itself, a host sends what it had', async () => {
  const { room } = await joinedRoom();
  const camera = await room.publishCamera();
  const microphone = await room.publishMicrophone({ muted: true });
  const states = events(room, 'publishStateChanged');
  assert.deepEqual(FakeConnection.last.sent, { 0: 'audio', 1: 'video' });
  FakeServer.last.say({ type: 'roleChanged', role: 'audience' });
  await settle();
  assert.deepEqual(FakeConnection.last.sent, {});
  assert.equal(camera.mediaStreamTrack.readyState, 'live');
  // What is unmuted now is not sent now either.
  await room.unmute(microphone);
  assert.deepEqual(FakeConnection.last.sent, {});
  FakeServer.last.say({ type: 'roleChanged', role: 'host' });
  await settle();
  assert.deepEqual(FakeConnection.last.sent, { 0: 'audio', 1: 'video' });
  assert.equal(FakeServer.heard('publish').length, 2);
  assert.deepEqual(states.map(({ source, from, to }) => `${source} ${from}>${to}`), [
    'camera published>unpublished', 'microphone published>unpublished',
    'camera unpublished>publishing', 'camera publishing>published',
    'microphone unpublished>publishing', 'microphone publishing>published',
  ]);
  await room.leave();
});

test('names, texts and rights of oneself are changed and told', async () => {
  const { room } = await joinedRoom();
  const updates = events(room, 'localParticipantUpdated');
  const rights = events(room, 'permissionsChanged');
  await room.updateSelf({ name: 'Ada L.', attributes: { seat: null } });
  assert.deepEqual(asked('updateSelf'), [
    { type: 'updateSelf', id: 0, name: 'Ada L.', attributes: { seat: null } },
  ]);
  const told = { id: 'ada', name: 'Ada L.', priority: 'high', tracks: [] };
  FakeServer.last.say({ type: 'participantUpdated', participant: told });
  assert.equal(updates[0]?.participant, room.localParticipant);
  assert.equal(room.localParticipant?.name, 'Ada L.');
  assert.equal(room.localParticipant?.priority, 'high');
  const fewer = { ...grants, publish: ['microphone'], subscribe: false };
  FakeServer.last.say({ type: 'permissionsChanged', grants: fewer });
  assert.deepEqual(rights, [{ grants: fewer }]);
  assert.ok(room.localParticipant?.canPublish('microphone'));
  assert.ok(!room.localParticipant?.canPublish('camera'));
  const shown = room.remoteParticipants.get('bob')?.track('camera');
  assert.equal(shown?.subscribeState, 'unsubscribed');
  await room.leave();
});

test('T05, T06, E03: the end of a token is told, and a new one shown', async () => {
  const { room } = await joinedRoom();
  const warnings = events(room, 'tokenWillExpire');
  FakeServer.last.say({ type: 'tokenWillExpire', deadline: 1_900_000_000, secondsLeft: 30 });
  assert.deepEqual(warnings, [{ deadline: new Date(1_900_000_000_000), secondsLeft: 30 }]);
  await room.renewToken('T2');
  assert.deepEqual(asked('renewToken'), [{ type: 'renewToken', id: 0, token: 'T2' }]);
  FakeServer.answer = refuse('renewToken', 2007);
  await assert.rejects(room.renewToken('T3'), { code: errorCodes.tokenWrongRoom });
  await room.leave();
});

test('V01: who may sends others out and changes them', async () => {
  const { room } = await joinedRoom();
  await room.removeParticipant('bob', { banSeconds: 60 });
  await room.removeParticipant('bob');
  await room.changeParticipant('bob', { role: 'audience', grants: { data: false } });
  assert.deepEqual(asked('removeParticipant'), [
    { type: 'removeParticipant', id: 0, participant: 'bob', banSeconds: 60 },
    { type: 'removeParticipant', id: 0, participant: 'bob' },
  ]);
  assert.deepEqual(asked('changeParticipant'), [
    {
      type: 'changeParticipant', id: 0, participant: 'bob', role: 'audience',
      grants: { data: false },
    },
  ]);
  FakeServer.answer = refuse('removeParticipant', 2009);
  await assert.rejects(room.removeParticipant('bob'), { code: errorCodes.permissionDenied });
  await room.leave();
});

// MARK: Publishing

test('P14: publishing goes from idle over publishing to published, and back', async () => {
  const { room } = await joinedRoom();
  const states = events(room, 'publishStateChanged');
  assert.equal(room.publishState('camera'), 'idle');
  const track = await room.publishCamera();
  assert.equal(room.publishState('camera'), 'published');
  await room.unpublish(track);
  assert.deepEqual(states.map(({ source, kind, from, to }) => `${source} ${kind} ${from}>${to}`), [
    'camera video idle>publishing', 'camera video publishing>published',
    'camera video published>unpublished',
  ]);
  assert.equal(states[1]?.track, track);
  FakeServer.answer = refuse('publish', 2009);
  await assert.rejects(room.publishMicrophone(), { code: errorCodes.permissionDenied });
  assert.equal(room.publishState('microphone'), 'unpublished');
  assert.equal(devices.opened[1]?.readyState, 'ended');
  await room.leave();
  assert.equal(room.publishState('camera'), 'idle');
});

test('P01, P02: a source is published and taken back, and its device closed', async () => {
  const { room } = await joinedRoom();
  const track = await room.publishCamera();
  assert.deepEqual(asked('publish'), [{ type: 'publish', id: 0, source: 'camera', mid: '1' }]);
  await room.unpublish(track);
  assert.deepEqual(asked('unpublish'), [{ type: 'unpublish', id: 0, track: track.id }]);
  assert.deepEqual(FakeConnection.last.sent, {});
  assert.equal(track.mediaStreamTrack.readyState, 'ended');
  await room.leave();
});

test('P06, R10: what is to be published on joining is, each time as that join says', async () => {
  const { room } = makeRoom();
  await room.join({ ...join, publish: ['camera', 'microphone'] });
  await settle();
  assert.deepEqual([...room.localTracks.values()].map(({ source }) => source), [
    'microphone', 'camera',
  ]);
  await room.leave();
  await room.join(join);
  await settle();
  assert.equal(room.localTracks.size, 0);
  await room.leave();
});

test('P07, P08: publishing may be chosen before joining, and in a room', async () => {
  const { room } = makeRoom();
  await room.setPublishing('camera', false);
  await room.setPublishing('microphone', true);
  await room.join({ ...join, publish: ['camera'] });
  await settle();
  assert.ok(room.localTrack('microphone') && !room.localTrack('camera'));
  await room.setPublishing('camera', true);
  await room.setPublishing('camera', true);
  await room.setPublishing('microphone', false);
  assert.ok(room.localTrack('camera') && !room.localTrack('microphone'));
  assert.equal(FakeServer.heard('publish').length, 2);
  await room.leave();
});

test('one of the audience publishes what was to be published when it becomes a host', async () => {
  const { room } = makeRoom(
    except(({ type, id }) =>
      type === 'join'
        ? { ...joined, id, participant: { id: 'ada', role: 'audience', tracks: [] } }
        : undefined,
    ),
  );
  await room.join({ ...join, publish: ['microphone'] });
  await room.setPublishing('camera', true);
  await settle();
  assert.equal(FakeServer.heard('publish').length + devices.opened.length, 0);
  FakeServer.last.say({ type: 'roleChanged', role: 'host' });
  await settle();
  assert.deepEqual([...room.localTracks.values()].map(({ source }) => source), [
    'microphone', 'camera',
  ]);
  await room.leave();
});

test('what cannot be published by itself is a warning, and the rest is published', async () => {
  const { room } = makeRoom(
    except(({ type, id }) =>
      type === 'join' ? { ...joined, id, grants: { ...grants, publish: ['camera'] } } : undefined,
    ),
  );
  const warnings = events(room, 'warning');
  await room.join({ ...join, publish: ['microphone', 'camera'] });
  await settle();
  assert.deepEqual(warnings.map(({ code, source, error }) => [code, source, error?.code]), [
    ['publishFailed', 'microphone', errorCodes.permissionDenied],
  ]);
  assert.equal(devices.opened.length, 1);
  assert.ok(room.localTrack('camera'));
  await room.leave();
});

test('P18, P20, E21, E25: a track that ends is told with its source and why', async () => {
  const { room } = await joinedRoom();
  const ends = events(room, 'localTrackEnded');
  const gone = events(room, 'localTrackUnpublished');
  await room.publishMicrophone();
  await room.publishCamera();
  const screen = new FakeTrack('video');
  const own = new FakeTrack('audio');
  await room.publishTrack(screen as unknown as MediaStreamTrack, 'screen');
  await room.publishTrack(own as unknown as MediaStreamTrack, 'screenAudio');
  const tracks: LocalTrack[] = [...room.localTracks.values()];
  for (const track of [...devices.opened, screen, own]) track.end();
  await settle();
  assert.deepEqual(ends.map(({ source, kind, reason }) => `${source} ${kind} ${reason}`), [
    'microphone audio deviceLost', 'camera video deviceLost',
    'screen video sharingStopped', 'screenAudio audio sharingStopped',
  ]);
  assert.deepEqual(ends.map(({ track }) => track), tracks);
  assert.deepEqual(gone.map(({ reason }) => reason), Array<string>(4).fill('ended'));
  assert.equal(FakeServer.heard('unpublish').length, 4);
  await room.leave();
});

test('a right that is taken away ends its track, and says so', async () => {
  const { room } = await joinedRoom();
  const gone = events(room, 'localTrackUnpublished');
  const track = await room.publishCamera();
  FakeServer.last.say({ type: 'trackUnpublished', participant: 'ada', track: track.id });
  assert.deepEqual(gone, [{ track, reason: 'notPermitted' }]);
  await settle();
  assert.deepEqual(FakeConnection.last.sent, {});
  assert.equal(FakeServer.heard('unpublish').length, 0);
  await room.leave();
});

test('P19, E24: a section that the answer refuses is warned of, once', async () => {
  const { room } = makeRoom();
  const warnings = events(room, 'warning');
  FakeConnection.refused = [1];
  await room.join(join);
  FakeServer.last.say({ type: 'needSlots', video: 1, audio: 0 });
  await settle();
  assert.deepEqual(warnings.map(({ code, source }) => [code, source]), [
    ['codecMismatch', 'camera'],
  ]);
  await assert.rejects(room.publishCamera(), { code: errorCodes.noCommonCodec });
  await room.publishMicrophone();
  await room.leave();
});

// MARK: Others

test('P17: a mute silences the sender, is told to the server, and ends', async () => {
  const { room } = await joinedRoom();
  const mutes = events(room, 'localTrackMuted');
  const camera = await room.publishCamera();
  await room.mute(camera);
  await room.mute(camera);
  assert.deepEqual(FakeConnection.last.sent, {});
  await room.unmute(camera);
  assert.deepEqual(FakeConnection.last.sent, { 1: 'video' });
  assert.deepEqual(mutes.map(({ muted }) => muted), [true, false]);
  assert.deepEqual(asked('mute'), [
    { type: 'mute', id: 0, track: camera.id, muted: true },
    { type: 'mute', id: 0, track: camera.id, muted: false },
  ]);
  await room.mute(camera, { releaseDevice: true });
  assert.equal(devices.opened[0]?.readyState, 'ended');
  await room.unmute(camera);
  assert.equal(devices.opened.length, 2);
  await room.leave();
});

test('E16, E17, E18: mutes of others are told, each of its source', async () => {
  const { room } = await joinedRoom();
  const mutes = events(room, 'trackMuted');
  const sources = [['microphone', 'audio'], ['camera', 'video'], ['screen', 'video']] as const;
  const tracks = sources.map(([source, kind], n) => ({ id: `T${n}`, source, kind, muted: false }));
  FakeServer.last.say({ type: 'participantJoined', participant: { id: 'cy', tracks } });
  for (const muted of [true, true, false]) {
    for (const { id: track } of tracks) {
      FakeServer.last.say({ type: 'trackMuted', participant: 'cy', track, muted });
    }
  }
  assert.deepEqual(mutes.map(({ track, muted }) => `${track.source} ${muted}`), [
    'microphone true', 'camera true', 'screen true',
    'microphone false', 'camera false', 'screen false',
  ]);
  await room.leave();
});

test('P12, P13: subscribing names a kind or sources, and may be refused', async () => {
  const { room } = await joinedRoom();
  await room.unsubscribe('bob', 'video');
  await room.subscribe('bob', ['camera']);
  await room.subscribe('bob');
  assert.deepEqual(asked('unsubscribe'), [
    { type: 'unsubscribe', id: 0, participant: 'bob', source: 'camera' },
    { type: 'unsubscribe', id: 0, participant: 'bob', source: 'screen' },
  ]);
  assert.deepEqual(asked('subscribe'), [
    { type: 'subscribe', id: 0, participant: 'bob', source: 'camera' },
    { type: 'subscribe', id: 0, participant: 'bob' },
  ]);
  FakeServer.answer = refuse('unsubscribe', 3003);
  await assert.rejects(room.unsubscribe('eve'), { code: errorCodes.participantNotFound });
  await room.leave();
});

test('a break of somebody else is told, and its tracks stay', async () => {
  const { room } = await joinedRoom();
  const bob = room.remoteParticipants.get('bob');
  const breaks = events(room, 'participantInterrupted');
  const returns = events(room, 'participantResumed');
  FakeServer.last.say({ type: 'participantInterrupted', participant: 'bob' });
  assert.ok(bob?.isInterrupted);
  assert.equal(bob?.tracks.size, 1);
  FakeServer.last.say({ type: 'participantResumed', participant: 'bob' });
  assert.ok(!bob?.isInterrupted);
  assert.deepEqual([breaks[0]?.participant, returns[0]?.participant], [bob, bob]);
  await room.leave();
});

// MARK: Data

test('D01, D12, E04: a stream is opened, and packets of others are told', async () => {
  const { room } = await joinedRoom();
  const stream = await room.openDataStream();
  await stream.send('hello');
  assert.deepEqual(asked('openStream'), [
    { type: 'openStream', id: 0, delivery: 'reliableOrdered' },
  ]);
  const packets = events(room, 'dataReceived');
  const packet = { type: 'dataReceived', participant: 'bob', stream: 3, data: 'aGk=' };
  FakeServer.last.say(packet, { ...packet, data: '?', userTimestamp: 1 });
  FakeServer.last.say({ ...packet, participant: 'gone', userTimestamp: 5 });
  assert.deepEqual(packets, [
    {
      participant: room.remoteParticipants.get('bob'), participantID: 'bob', stream: 3,
      data: new Uint8Array([104, 105]),
    },
    {
      participant: undefined, participantID: 'gone', stream: 3, data: new Uint8Array([104, 105]),
      userTimestamp: 5,
    },
  ]);
  FakeServer.answer = refuse('openStream', 7004);
  await assert.rejects(room.openDataStream({ delivery: 'unreliableOrdered' }), {
    code: errorCodes.deliveryUnsupported,
  });
  await room.leave();
  assert.ok(!stream.isOpen);
});

test('D13, D14, E07: a message goes to some or to all, and says who is not here', async () => {
  const { room } = await joinedRoom(
    except(({ type, id, to }) =>
      type === 'sendMessage'
        ? { type: 'sent', id, ...(to ? { unreachable: ['cy'] } : {}) }
        : undefined,
    ),
  );
  assert.deepEqual(await room.sendMessage({ id: 'm-1', to: ['bob', 'cy'], content: 'Lunch?' }), {
    id: 'm-1', unreachable: ['cy'],
  });
  const sent = await room.sendMessage({ content: 'All?' });
  assert.ok(/^[a-z0-9]{22}$/.test(sent.id));
  assert.deepEqual(sent.unreachable, []);
  assert.deepEqual(asked('sendMessage')[0], {
    type: 'sendMessage', id: 0, message: 'm-1', to: ['bob', 'cy'], content: 'Lunch?',
  });
  const messages = events(room, 'messageReceived');
  FakeServer.last.say(
    { type: 'messageReceived', message: 'm-2', participant: 'bob', toAll: false, content: 'Yes.' },
    { type: 'messageReceived', toAll: true, content: 'Closing soon.' },
  );
  assert.deepEqual(messages, [
    {
      id: 'm-2', participant: room.remoteParticipants.get('bob'), participantID: 'bob',
      toAll: false, content: 'Yes.',
    },
    { participant: undefined, participantID: undefined, toAll: true, content: 'Closing soon.' },
  ]);
  await room.leave();
});

test('an open stream sends again after a restart', async () => {
  const { room } = await joinedRoom();
  const stream = await room.openDataStream();
  FakeServer.answer = except(({ type, id }) => {
    if (type === 'resume') return { type: 'error', id, code: 3006, message: 'Gone.' };
    return type === 'openStream' ? { type: 'streamOpened', id, stream: 9 } : undefined;
  });
  FakeServer.last.lose();
  const sending = stream.send('a');
  await sending;
  assert.equal(stream.id, 9);
  assert.deepEqual(asked('sendData'), [{ type: 'sendData', id: 0, stream: 9, data: 'YQ==' }]);
  await room.leave();
});

// MARK: Levels and quality

test('E13, K04: levels are told of everybody, in decibels and from 0 to 100', async () => {
  const { room } = await joinedRoom();
  const all = events(room, 'audioLevels');
  FakeServer.last.say({
    type: 'audioLevels',
    levels: [{ participant: 'bob', level: 30 }, { participant: 'ada', level: 127 }],
  });
  assert.deepEqual(all, [
    {
      levels: [
        { participant: 'bob', dBFS: -30, percent: 50 },
        { participant: 'ada', dBFS: -127, percent: 0 },
      ],
    },
  ]);
  assert.equal(room.localParticipant?.dBFS, -127);
  assert.equal(room.localParticipant?.isSpeaking, false);
  FakeServer.last.say({ type: 'audioLevels', levels: [{ participant: 'ada', level: 60 }] });
  assert.equal(room.localParticipant?.isSpeaking, true);
  await room.leave();
});

test('E27, N08: one\'s own grade is told when it changes, others\' are known', async () => {
  const { room } = await joinedRoom();
  const told = events(room, 'networkQuality');
  const qualities = [{ participant: 'bob', up: 'good', down: 'poor' }];
  FakeServer.last.say({ type: 'networkQuality', qualities });
  assert.deepEqual(told, [{ qualities }]);
  const bob = room.remoteParticipants.get('bob');
  assert.deepEqual(bob?.networkQuality, { up: 'good', down: 'poor' });
  let milliseconds = 50;
  FakeConnection.last.getStats = () =>
    Promise.resolve(
      new Map([
        ['T', { id: 'T', type: 'transport', timestamp: 0, selectedCandidatePairId: 'P' }],
        ['P', { id: 'P', type: 'x', timestamp: 0, currentRoundTripTime: milliseconds / 1000 }],
      ]),
    );
  await clock.pass(6_000);
  milliseconds = 250;
  await clock.pass(4_000);
  assert.deepEqual(FakeServer.heard('reportQuality'), [
    { type: 'reportQuality', up: 'excellent', down: 'excellent' },
    { type: 'reportQuality', up: 'fair', down: 'fair' },
  ]);
  assert.deepEqual(room.localParticipant?.networkQuality, { up: 'fair', down: 'fair' });
  await room.leave();
});
