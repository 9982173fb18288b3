// Proves what a room sends and receives: kinds, sources, and that each track stands for itself.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import type { TrackSource } from './messages';
import { FakeClock, settle } from './testing/FakeClock';
import { devices, FakeConnection, FakeTrack } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { camera, except, join, joined, joinedRoom, makeRoom, microphone } from './testing/room';

const clock = new FakeClock().install();

const allSources = [
  ['microphone', 'audio'], ['camera', 'video'], ['screen', 'video'], ['screenAudio', 'audio'],
  ['custom', 'video'],
] as const;

function own(kind: string): MediaStreamTrack {
  return new FakeTrack(kind) as unknown as MediaStreamTrack;
}

/** A server in whose room these are. */
function roomOf(participants: object[], slots: object[] = []) {
  return except(({ type, id }) =>
    type === 'join' ? { ...joined, id, participants, slots } : undefined,
  );
}

function kinds(): string[] {
  return FakeConnection.last.sections.map(({ direction, receiver }) =>
    `${direction} ${receiver.track.kind}`,
  );
}

// MARK: Sound alone

const soundAlone = [
  ...Array<string>(2).fill('sendonly audio'), ...Array<string>(7).fill('recvonly audio'),
];

test('C34: who joins for sound alone offers no pictures, and wants none', async () => {
  const answer = roomOf([{ id: 'bob', tracks: [microphone, camera] }]);
  const { room } = await joinedRoom(answer, { mediaKinds: ['audio'] });
  assert.deepEqual(kinds(), soundAlone);
  const [said] = FakeServer.heard('join');
  assert.deepEqual(said?.['options'], { autoSubscribe: 'audio', resume: true });
  const bob = room.remoteParticipants.get('bob');
  assert.equal(bob?.track('microphone')?.subscribeState, 'subscribing');
  assert.equal(bob?.track('camera')?.subscribeState, 'unsubscribed');
  FakeServer.last.say({ type: 'needSlots', video: 8, audio: 0 });
  await settle();
  assert.equal(room.negotiationCount, 1);
  FakeServer.last.say({ type: 'needSlots', video: 8, audio: 8 });
  await settle();
  assert.deepEqual(kinds(), [...soundAlone, ...Array<string>(8).fill('recvonly audio')]);
  // A new session after a break is the same.
  FakeServer.answer = (message) =>
    message.type === 'resume'
      ? { type: 'error', id: message.id, code: 3006, message: 'Gone.' }
      : answer(message);
  FakeServer.last.lose();
  await settle();
  assert.equal(room.connectionReason, 'restarted');
  assert.deepEqual(kinds(), soundAlone);
  await room.leave();
});

test('C34: with sound alone pictures are refused before a device is opened', async () => {
  const { room } = await joinedRoom(roomOf([{ id: 'bob', tracks: [] }]), { mediaKinds: ['audio'] });
  for (const verb of [
    () => room.publishCamera(),
    () => room.publishScreen({ audio: true }),
    () => room.publishTrack(own('video'), 'custom'),
    () => room.setPublishing('camera', true),
    () => room.subscribe('bob', 'video'),
    () => room.subscribe('bob', ['microphone', 'screen']),
  ]) {
    await assert.rejects(verb(), { code: errorCodes.invalidState });
  }
  assert.equal(devices.opened.length, 0);
  await room.publishMicrophone();
  await room.publishTrack(own('audio'), 'screenAudio');
  assert.deepEqual(FakeConnection.last.sent, { 0: 'audio', 1: 'audio' });
  await room.subscribe('bob');
  assert.deepEqual(FakeServer.heard('subscribe').map(({ source }) => source), [
    'microphone', 'screenAudio',
  ]);
  await room.unsubscribe('bob');
  await room.leave();
});

test('C34: kinds that cannot be meant are refused, and both kinds are the default', async () => {
  const { room } = makeRoom();
  for (const options of [
    { mediaKinds: [] }, { mediaKinds: ['video'] }, { mediaKinds: ['audio', 'smell'] },
    { mediaKinds: ['audio'], autoSubscribe: 'video' },
    { mediaKinds: ['audio'], publish: ['camera'] },
  ]) {
    const joining = room.join({ ...join, ...(options as object) });
    await assert.rejects(joining, { code: errorCodes.invalidArgument });
  }
  assert.equal(FakeServer.all.length, 0);
  await room.join({ ...join, mediaKinds: ['audio', 'video'] });
  assert.equal(kinds().filter((one) => one.endsWith('video')).length, 6);
  await room.leave();
  await room.join({ ...join, mediaKinds: ['audio'], autoSubscribe: false });
  const options = FakeServer.last.heard[0]?.['options'];
  assert.deepEqual(options, { autoSubscribe: false, resume: true });
  await room.leave();
});

// MARK: Sources

test('P05: every source is published and received, and a participant bundles its own', async () => {
  const tracks = allSources.map(([source, kind], n) => ({
    id: `T${n}`, source, kind, muted: false,
  }));
  const { room } = await joinedRoom(roomOf([{ id: 'bob', tracks }]));
  for (const [source, kind] of allSources) await room.publishTrack(own(kind), source);
  assert.deepEqual(FakeServer.heard('publish').map(({ source, mid }) => `${source} ${mid}`), [
    'microphone 0', 'camera 1', 'screen 2', 'screenAudio 3', 'custom 15',
  ]);
  const bob = room.remoteParticipants.get('bob');
  for (const [n, [source, kind]] of allSources.entries()) {
    assert.equal(bob?.track(source)?.id, `T${n}`);
    assert.equal(bob?.track(source)?.kind, kind);
    assert.equal(room.localParticipant?.track(source)?.kind, kind);
  }
  assert.equal(bob?.tracks.size, 5);
  await room.leave();
});

test('P09, I08: who has no more to send takes both back and stays, or leaves', async () => {
  const { room } = await joinedRoom();
  const sound = new FakeTrack('audio');
  const picture = new FakeTrack('video');
  const publish = async () => {
    await room.publishTrack(sound as unknown as MediaStreamTrack, 'microphone');
    await room.publishTrack(picture as unknown as MediaStreamTrack, 'camera');
  };
  await publish();
  await room.setPublishing('microphone', false);
  await room.setPublishing('camera', false);
  assert.deepEqual(FakeConnection.last.sent, {});
  assert.equal(FakeServer.heard('unpublish').length, 2);
  assert.equal(room.connectionState, 'connected');
  // What ends by itself is taken back by itself.
  await publish();
  sound.end();
  picture.end();
  await settle();
  assert.deepEqual(FakeConnection.last.sent, {});
  assert.equal(room.localTracks.size, 0);
  assert.equal(FakeServer.heard('unpublish').length, 4);
  assert.equal(room.connectionState, 'connected');
  await publish();
  await room.leave();
  assert.equal(room.localTracks.size, 0);
  assert.ok(FakeConnection.last.isClosed);
  assert.equal(room.publishState('camera'), 'idle');
});

test('P16: each picture is a track of its own; nothing is mixed', async () => {
  const people = ['bob', 'cy', 'di'].map((id) => ({
    id,
    tracks: [{ ...camera, id: `C-${id}` }, { ...camera, id: `S-${id}`, source: 'screen' }],
  }));
  const slots = people.slice(0, 2).flatMap(({ id }, n) => [
    { mid: String(5 + 4 * n), participant: id, track: `C-${id}` },
    { mid: String(7 + 4 * n), participant: id, track: `S-${id}` },
  ]);
  const { room } = await joinedRoom(roomOf(people, slots));
  const shown = [...room.remoteParticipants.values()].flatMap((participant) =>
    [...participant.tracks.values()].map((track) => track.mediaStreamTrack),
  );
  assert.equal(shown.length, 6);
  assert.equal(new Set(shown.slice(0, 4)).size, 4);
  for (const { mid, participant, track } of slots) {
    const { receiver } = FakeConnection.last.sections[Number(mid)] ?? {};
    const media = room.remoteParticipants.get(participant)?.tracks.get(track)?.mediaStreamTrack;
    assert.equal(media as unknown, receiver?.track);
  }
  // Who has no slot is not seen in somebody else's.
  assert.deepEqual(shown.slice(4), [null, null]);
  await room.leave();
});

test('P21: all that is sent is a track of oneself, and nothing else is', async () => {
  const { room } = await joinedRoom();
  const me = room.localParticipant;
  const check = (...sources: TrackSource[]) => {
    assert.deepEqual([...(me?.tracks.values() ?? [])].map(({ source }) => source), sources);
    const senders = FakeConnection.last.sections.flatMap(({ sender }) => sender.track ?? []);
    const sent = [...(me?.tracks.values() ?? [])].map(({ mediaStreamTrack }) => mediaStreamTrack);
    assert.deepEqual(senders as unknown[], sent);
  };
  check();
  const sound = await room.publishMicrophone();
  check('microphone');
  await room.publishCamera();
  check('microphone', 'camera');
  assert.equal(me?.track('microphone'), sound);
  assert.equal(me?.tracks.get(sound.id), sound);
  await room.unpublish(sound);
  check('camera');
  await room.leave();
  assert.equal(me?.tracks.size, 0);
  assert.equal(room.localParticipant, undefined);
});

// MARK: Told

test('E32: joining, who comes, and each kind\'s publishing and subscribing are told', async () => {
  const { room, log } = makeRoom(roomOf([]));
  room.on('publishStateChanged', ({ kind, from, to }) => log.push(`${kind} ${from}>${to}`));
  room.on('subscribeStateChanged', ({ participant, track, from, to }) =>
    log.push(`${participant.id} ${track.kind} ${from}>${to}`),
  );
  await room.join(join);
  await room.publishMicrophone();
  await room.publishCamera();
  const bob = { id: 'bob', tracks: [microphone, camera] };
  FakeServer.last.say({ type: 'participantJoined', participant: bob });
  for (const more of [{}, { rtpTimestamp: 7 }]) {
    const assignments = [
      { mid: '4', participant: 'bob', track: 'TR_1', ...more },
      { mid: '5', participant: 'bob', track: 'TR_2', ...more },
    ];
    FakeServer.last.say({ type: 'slots', assignments });
  }
  assert.deepEqual(log, [
    'connecting joinRequested', 'connected joined',
    'audio idle>publishing', 'audio publishing>published',
    'video idle>publishing', 'video publishing>published',
    'came bob', 'bob audio idle>subscribing', 'bob video idle>subscribing',
    'started TR_1', 'started TR_2',
    'bob audio subscribing>subscribed', 'bob video subscribing>subscribed',
  ]);
  await room.leave();
});

test('R07: the profile is asked for and known, and another one is refused', async () => {
  const { room } = await joinedRoom(
    except(({ type, id }) =>
      type === 'join'
        ? { ...joined, id, room: { ...joined.room, profile: 'broadcast' } }
        : undefined,
    ),
    { profile: 'broadcast' },
  );
  const [said] = FakeServer.heard('join');
  const options = { autoSubscribe: true, profile: 'broadcast', resume: true };
  assert.deepEqual(said?.['options'], options);
  assert.equal(room.info?.profile, 'broadcast');
  await room.leave();
  FakeServer.answer = ({ id }) => ({ type: 'error', id, code: 3007, message: 'It is another.' });
  const joining = room.join({ ...join, profile: 'communication' });
  await assert.rejects(joining, { code: errorCodes.profileMismatch });
});

// MARK: Sizes

test('S01: sizes of a picture that nobody receives are not encoded, until somebody does', async () => {
  const { room } = await joinedRoom();
  const section = FakeConnection.last.sections[1];
  assert.ok(section);
  section.sender.encodings = ['q', 'h', 'f'].map((rid) => ({ rid, active: true }));
  const active = () =>
    section.sender.encodings.filter((one) => one.active).map((one) => one.rid).join('');
  const track = await room.publishTrack(own('video'), 'camera');
  const want = async (layers: string[], id = track.id) => {
    FakeServer.last.say({ type: 'layersWanted', track: id, layers });
    await settle();
    return active();
  };
  assert.equal(active(), 'qhf');
  assert.equal(await want(['q']), 'q');
  assert.equal(await want([]), '');
  assert.equal(await want(['q', 'h', 'f']), 'qhf');
  // Of a track that is not there nothing is to be done.
  assert.equal(await want([], 'TR_nothing'), 'qhf');
  // Whoever publishes anew begins with all of them.
  await want([]);
  await room.unpublish(track);
  await room.publishTrack(own('video'), 'camera');
  assert.equal(active(), 'qhf');
  await room.leave();
});

test('what nobody can use of a size is not encoded, and the bound is taken back', async () => {
  const { room } = await joinedRoom();
  const { sender } = FakeConnection.last.sections[1]!;
  const rates = () => sender.encodings.map((one) => one.maxBitrate);
  const bound = async (id: string, maxBitrates?: Record<string, number>) => {
    const layers = sender.encodings.map((one) => one.rid ?? '');
    FakeServer.last.say({ type: 'layersWanted', track: id, layers, ...(maxBitrates && { maxBitrates }) });
    await settle();
    return rates();
  };
  sender.encodings = ['q', 'h', 'f'].map((rid) => ({ rid, active: true }));
  let track = await room.publishTrack(own('video'), 'camera');
  const usual = rates();
  const scales = () => sender.encodings.map((one) => one.scaleResolutionDownBy);
  assert.deepEqual(await bound(track.id, { q: 50_000 }), [50_000, ...usual.slice(1)]);
  // Pictures are smaller then, or frames would be left out.
  assert.deepEqual(scales(), [10, 2, 1]);
  // A bound above one's own changes nothing.
  assert.deepEqual(await bound(track.id, { q: 9_000_000 }), usual);
  await bound(track.id, { q: 50_000 });
  assert.deepEqual(await bound(track.id), usual);
  assert.deepEqual(scales(), [4, 2, 1]);
  await room.unpublish(track);
  // Of one size, with a bound of the application's and without.
  sender.encodings = [{ active: true }];
  track = await room.publishTrack(own('video'), 'camera', { maxBitrate: 700_000 });
  assert.deepEqual(await bound(track.id, { '': 400_000 }), [400_000]);
  assert.deepEqual(await bound(track.id), [700_000]);
  await room.unpublish(track);
  sender.encodings = [{ active: true }];
  track = await room.publishTrack(own('video'), 'camera');
  assert.deepEqual(await bound(track.id, { '': 400_000 }), [400_000]);
  assert.deepEqual(await bound(track.id), [undefined]);
  assert.deepEqual(scales(), [undefined]);
  // Whoever publishes anew begins without.
  await bound(track.id, { '': 400_000 });
  await room.unpublish(track);
  await room.publishTrack(own('video'), 'camera');
  assert.deepEqual(rates(), [undefined]);
  // What stands on a screen keeps its size.
  const screen = await room.publishTrack(own('video'), 'screen');
  const shared = FakeConnection.last.sections[2]!.sender;
  FakeServer.last.say({
    type: 'layersWanted', track: screen.id, layers: [''], maxBitrates: { '': 400_000 },
  });
  await settle();
  assert.deepEqual(shared.encodings[0]?.maxBitrate, 400_000);
  assert.deepEqual(shared.encodings[0]?.scaleResolutionDownBy, undefined);
  await room.leave();
});

test('S01: sizes within one stream that nobody receives are not encoded, until somebody does', async () => {
  const { room } = await joinedRoom();
  const { sender } = FakeConnection.last.sections[1]!;
  const usual = { active: true, scalabilityMode: 'L3T3_KEY' };
  sender.encodings = [usual];
  const media = new FakeTrack('video');
  media.size = { width: 1280, height: 720 };
  const publish = () => room.publishTrack(media as unknown as MediaStreamTrack, 'camera');
  const track = await publish();
  const want = async (wanted?: number, layers = ['']) => {
    const spatialLayers = wanted !== undefined && { spatialLayers: { wanted, of: 3 } };
    FakeServer.last.say({ type: 'layersWanted', track: track.id, layers, ...spatialLayers });
    await settle();
    return sender.encodings[0];
  };
  const one = { scalabilityMode: 'L1T3', scaleResolutionDownBy: 4, maxBitrate: 150_000 };
  assert.deepEqual(await want(2), usual);
  assert.deepEqual(await want(1), { ...usual, ...one });
  // Another camera has the same share of its sizes.
  media.size = { width: 640, height: 360 };
  await clock.pass(2_000);
  assert.equal(sender.encodings[0]?.scalabilityMode, 'L1T3');
  assert.equal(sender.encodings[0]?.maxBitrate, 40_000);
  media.size = { width: 1280, height: 720 };
  await clock.pass(2_000);
  assert.deepEqual(sender.encodings[0], { ...usual, ...one });
  assert.deepEqual(await want(2), usual);
  assert.deepEqual(await want(1), { ...usual, ...one });
  assert.deepEqual(await want(), usual);
  assert.deepEqual(await want(undefined, []), { ...usual, active: false });
  assert.deepEqual(await want(1), { ...usual, ...one });
  // Whoever publishes anew begins with all of them.
  await room.unpublish(track);
  await publish();
  assert.deepEqual(sender.encodings[0], usual);
  await room.leave();
});

test('S01: the sizes follow the capture: one known late, one that is turned, another device', async () => {
  const { room } = await joinedRoom();
  const section = FakeConnection.last.sections[1];
  assert.ok(section);
  section.sender.encodings = ['q', 'h', 'f'].map((rid) => ({ rid, active: true }));
  const sizes = () =>
    section.sender.encodings
      .filter((one) => one.active)
      .map((one) => `${one.rid}/${one.scaleResolutionDownBy}`)
      .join(' ');
  const media = new FakeTrack('video');
  const track = await room.publishTrack(media as unknown as MediaStreamTrack, 'camera');
  assert.equal(sizes(), 'q/4 h/2 f/1');
  const look = async (width: number, height: number) => {
    media.size = { width, height };
    await clock.pass(2_000);
    return sizes();
  };
  assert.equal(await look(640, 360), 'q/2 h/1');
  assert.equal(await look(320, 180), 'q/1');
  assert.equal(await look(1280, 720), 'q/4 h/2 f/1');
  // What nobody receives stays off, whatever the size.
  FakeServer.last.say({ type: 'layersWanted', track: track.id, layers: ['q', 'f'] });
  await settle();
  assert.equal(sizes(), 'q/4 f/1');
  assert.equal(await look(640, 360), 'q/2');
  await room.leave();
});

test('S02: a quality is asked for by the room and by a track', async () => {
  const { room } = await joinedRoom(roomOf([{ id: 'bob', tracks: [camera] }]));
  await room.setQuality('bob', 'screen', 'low');
  await room.remoteParticipants.get('bob')?.track('camera')?.setQuality('medium');
  assert.deepEqual(
    FakeServer.heard('setQuality').map(({ participant, source, quality }) =>
      `${participant} ${source} ${quality}`,
    ),
    ['bob screen low', 'bob camera medium'],
  );
  const wrong = room.setQuality('bob', 'camera', 'best' as 'high');
  await assert.rejects(wrong, { code: errorCodes.invalidArgument });
  await room.leave();
});
