// Proves what an application sees of others as the server's messages come, without any browser.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AudioOutput } from './AudioOutput';
import type { AutoSubscribe } from './clientMessages';
import { RemoteRoster } from './RemoteRoster';
import type { RosterSurroundings } from './RemoteRoster';
import { setPerformanceNow } from './testing/FakeClock';

// The roster needs of the browser no more than that streams can be made.
(globalThis as { MediaStream?: unknown }).MediaStream = class {};

const camera = { id: 'TR_2', source: 'camera', kind: 'video', muted: false } as const;
const microphone = { id: 'TR_1', source: 'microphone', kind: 'audio', muted: false } as const;

/** A roster and what it told; steps of subscriptions in a list of their own. */
function makeRoster(
  auto?: AutoSubscribe,
): { roster: RemoteRoster; log: string[]; steps: string[] } {
  const log: string[] = [];
  const steps: string[] = [];
  const audio = {
    play: (mid: string, _track: unknown, isFresh: boolean) => log.push(`play ${mid} ${isFresh}`),
    silence: (mid: string) => log.push(`silence ${mid}`),
  };
  const surroundings: RosterSurroundings = {
    emit: (name, event) => {
      const { track, from, to } = event as { track?: { id: string }; from?: string; to?: string };
      if (name === 'subscribeStateChanged') steps.push(`${track?.id} ${from}>${to}`);
      else if (name === 'trackSubscribed') steps.push(`${track?.id} told`);
      else log.push(track ? `${name} ${track.id}` : name);
    },
    audio: audio as unknown as AudioOutput,
    slot: (mid) => {
      const kind = Number(mid) % 2 === 0 ? 'audio' : 'video';
      return { mid, kind, track: { kind } as MediaStreamTrack };
    },
    ask: ({ type, participant, source = 'all', ...rest }) => {
      const more = Object.values(rest).map((value) => ` ${String(value)}`);
      log.push(`${type} ${participant} ${source}${more.join('')}`);
    },
    setQuality: async (participant, source, quality) => {
      const { type, ...request } = roster.chooseQuality(participant, source, quality);
      log.push(`${type} ${Object.values(request).join(' ')}`);
    },
  };
  const roster = new RemoteRoster(surroundings, auto);
  return { roster, log, steps };
}

test('E09, E11: somebody comes, publishes, is shown, and goes', () => {
  const { roster, log } = makeRoster();
  roster.join({ id: 'bob', name: 'Bob', tracks: [] });
  roster.publish('bob', microphone);
  roster.publish('bob', camera);
  roster.assign([
    { mid: '4', participant: 'bob', track: 'TR_1' },
    { mid: '5', participant: 'bob', track: 'TR_2' },
  ]);
  const bob = roster.participants.get('bob');
  assert.equal(bob?.name, 'Bob');
  assert.ok(bob?.track('camera')?.mediaStreamTrack);
  roster.leave('bob', 'left');
  roster.assign([
    { mid: '4', participant: null, track: null },
    { mid: '5', participant: null, track: null },
  ]);
  assert.deepEqual(log, [
    'participantJoined',
    'trackPublished TR_1',
    'trackPublished TR_2',
    'play 4 true',
    'trackStarted TR_1',
    'trackStarted TR_2',
    'trackStopped TR_1',
    'trackUnpublished TR_1',
    'trackStopped TR_2',
    'trackUnpublished TR_2',
    'participantLeft',
    'silence 4',
    'silence 5',
  ]);
  assert.equal(roster.participants.size, 0);
});

test('a slot that goes from one to another is silenced before it plays again', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', tracks: [microphone] });
  roster.add({ id: 'cy', tracks: [{ ...microphone, id: 'TR_9' }] });
  roster.assign([{ mid: '4', participant: 'bob', track: 'TR_1' }]);
  log.length = 0;
  roster.assign([{ mid: '4', participant: 'cy', track: 'TR_9' }]);
  assert.deepEqual(log, ['silence 4', 'trackStopped TR_1', 'play 4 false', 'trackStarted TR_9']);
  assert.equal(roster.participants.get('bob')?.name, 'bob');
});

test('messages about nobody known change nothing', () => {
  const { roster, log } = makeRoster();
  roster.leave('x', 'left');
  roster.publish('x', camera);
  roster.unpublish('x', 'TR_1');
  roster.mute('x', 'TR_1', true);
  roster.hear([{ participant: 'x', level: 3 }]);
  roster.assign([{ mid: '5', participant: 'x', track: 'TR_2' }]);
  assert.deepEqual(log, []);
});

test('how much of a picture comes is told once, and a new slot begins with all', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', tracks: [camera] });
  roster.assign([{ mid: '5', participant: 'bob', track: 'TR_2' }]);
  const track = roster.participants.get('bob')?.tracks.get('TR_2');
  assert.equal(track?.receivedQuality, 'full');
  roster.changeQuality('bob', 'TR_2', 'reduced');
  roster.changeQuality('bob', 'TR_2', 'reduced');
  roster.changeQuality('bob', 'TR_77', 'paused');
  roster.changeQuality('x', 'TR_2', 'paused');
  assert.equal(track?.receivedQuality, 'reduced');
  assert.deepEqual(log.filter((entry) => entry.startsWith('trackQuality')), [
    'trackQualityChanged TR_2',
  ]);
  roster.assign([{ mid: '5', participant: null, track: null }]);
  assert.equal(track?.receivedQuality, 'full');
});

test('E12, K03: the loudest speaks first, and who is muted does not speak', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', tracks: [microphone] });
  roster.add({ id: 'cy', tracks: [{ ...microphone, id: 'TR_9' }] });
  roster.hear([
    { participant: 'bob', level: 40 },
    { participant: 'cy', level: 20 },
  ]);
  assert.deepEqual(roster.activeSpeakers.map((speaker) => speaker.id), ['cy', 'bob']);
  roster.mute('cy', 'TR_9', true);
  assert.deepEqual(roster.activeSpeakers.map((speaker) => speaker.id), ['bob']);
  roster.hear([{ participant: 'bob', level: 41 }]);
  roster.hear([{ participant: 'bob', level: 127 }]);
  assert.deepEqual(roster.activeSpeakers, []);
  assert.deepEqual(log, [
    'activeSpeakersChanged', 'activeSpeakerChanged',
    'trackMuted TR_9', 'activeSpeakersChanged', 'activeSpeakerChanged',
    'activeSpeakersChanged', 'activeSpeakerChanged',
  ]);
});

test('P15, P03, E10: a subscription goes from idle to subscribed, and is told once', () => {
  const { roster, steps } = makeRoster();
  const slot = { mid: '5', participant: 'bob', track: 'TR_2' };
  roster.add({ id: 'bob', tracks: [camera] });
  assert.deepEqual(steps, []);
  roster.begin();
  roster.assign([slot]);
  roster.assign([{ ...slot, rtpTimestamp: 90 }]);
  // It loses its slot to somebody and gets another one.
  roster.assign([{ mid: '5', participant: null, track: null }]);
  roster.assign([{ ...slot, mid: '7', rtpTimestamp: 91 }]);
  roster.unpublish('bob', 'TR_2');
  assert.deepEqual(steps, [
    'TR_2 idle>subscribing', 'TR_2 subscribing>subscribed', 'TR_2 told',
    'TR_2 subscribed>subscribing', 'TR_2 subscribing>subscribed', 'TR_2 subscribed>idle',
  ]);
});

test('P04, P10: what is not wanted is unsubscribed, and told anew when it is wanted again', () => {
  const { roster, steps } = makeRoster(false);
  const slot = { mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 9 };
  roster.join({ id: 'bob', tracks: [camera] });
  roster.publish('bob', microphone);
  for (let n = 0; n < 2; n += 1) {
    roster.choose('bob', true, ['camera']);
    roster.assign([slot]);
    roster.choose('bob', false, ['camera']);
    roster.assign([{ mid: '5', participant: null, track: null }]);
  }
  const once = [
    'TR_2 unsubscribed>subscribing', 'TR_2 subscribing>subscribed', 'TR_2 told',
    'TR_2 subscribed>unsubscribed',
  ];
  assert.deepEqual(steps, [
    'TR_2 idle>unsubscribed', 'TR_1 idle>unsubscribed', ...once, ...once,
  ]);
});

test('P11: only the kind that is wanted is subscribed as it comes', () => {
  const { roster, steps } = makeRoster('audio');
  roster.join({ id: 'bob', tracks: [camera, microphone] });
  assert.deepEqual(steps, ['TR_2 idle>unsubscribed', 'TR_1 idle>subscribing']);
});

test('without the right to subscribe nothing is wanted', () => {
  const { roster, steps } = makeRoster();
  roster.join({ id: 'bob', tracks: [camera] });
  roster.allow(false);
  roster.allow(true);
  assert.deepEqual(steps.slice(1), [
    'TR_2 subscribing>unsubscribed', 'TR_2 unsubscribed>subscribing',
  ]);
});

test('a break of somebody is told, silences it, and ends', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', tracks: [microphone] });
  const bob = roster.participants.get('bob');
  roster.hear([{ participant: 'bob', level: 10 }]);
  log.length = 0;
  roster.interrupt('bob', true);
  roster.interrupt('bob', true);
  assert.ok(bob?.isInterrupted);
  assert.equal(bob?.dBFS, -127);
  roster.interrupt('bob', false);
  assert.deepEqual(log, [
    'participantInterrupted', 'activeSpeakersChanged', 'activeSpeakerChanged', 'participantResumed',
  ]);
});

test('after a restart only what differs is told, and who stayed is the same object', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', name: 'Bob', tracks: [camera, microphone] });
  roster.add({ id: 'cy', tracks: [] });
  roster.begin();
  roster.assign([{ mid: '5', participant: 'bob', track: 'TR_2' }]);
  const bob = roster.participants.get('bob');
  const track = bob?.track('camera');
  roster.blank();
  assert.equal(track?.mediaStreamTrack, null);
  log.length = 0;
  const screen = { ...camera, id: 'TR_5', source: 'screen' } as const;
  roster.restart([
    { id: 'bob', name: 'Bob', tracks: [{ ...camera, muted: true }, screen] },
    { id: 'dee', tracks: [] },
  ]);
  assert.deepEqual([...roster.participants.keys()], ['bob', 'dee']);
  roster.assign([{ mid: '5', participant: 'bob', track: 'TR_2' }]);
  assert.deepEqual(log, [
    'participantLeft', 'trackUnpublished TR_1', 'trackMuted TR_2', 'trackPublished TR_5',
    'participantJoined', 'trackStarted TR_2',
  ]);
  assert.equal(roster.participants.get('bob'), bob);
  assert.equal(bob?.track('camera'), track);
  assert.ok(track?.mediaStreamTrack);
});

test('everybody stands in the order in which a new session found them', () => {
  const { roster } = makeRoster();
  roster.add({ id: 'bob', tracks: [camera, microphone] });
  roster.add({ id: 'cy', tracks: [] });
  roster.restart([
    { id: 'dee', tracks: [] },
    { id: 'cy', tracks: [] },
    { id: 'bob', tracks: [microphone, camera] },
  ]);
  assert.deepEqual([...roster.participants.keys()], ['dee', 'cy', 'bob']);
  assert.deepEqual([...(roster.participants.get('bob')?.tracks.keys() ?? [])], ['TR_1', 'TR_2']);
});

test('choices are asked for again of those who stayed', () => {
  const { roster } = makeRoster();
  roster.add({ id: 'bob', tracks: [] });
  roster.add({ id: 'cy', tracks: [] });
  roster.choose('bob', false, ['screen']);
  roster.choose('cy', false, undefined);
  roster.choose('dee', false, undefined);
  roster.restart([{ id: 'bob', tracks: [] }, { id: 'dee', tracks: [] }]);
  assert.deepEqual(roster.choiceRequests(), [
    { type: 'unsubscribe', participant: 'bob', source: 'screen' },
  ]);
});

test('choices hold for those who come back to a new session after oneself, if soon', () => {
  const { roster, log } = makeRoster();
  const now = performance.now;
  try {
    for (const [wait, isKept] of [[50_000, true], [61_000, false]] as const) {
      roster.join({ id: 'bob', tracks: [camera] });
      roster.choose('bob', false, ['camera']);
      roster.restart([]);
      log.length = 0;
      const later = now.call(performance) + wait;
      setPerformanceNow(() => later);
      roster.join({ id: 'bob', tracks: [camera] });
      assert.deepEqual(log, ['participantJoined', ...(isKept ? ['unsubscribe bob camera'] : [])]);
      const state = roster.participants.get('bob')?.track('camera')?.subscribeState;
      assert.equal(state, isKept ? 'unsubscribed' : 'subscribing');
      // Who really goes is forgotten.
      roster.choose('bob', false, ['camera']);
      roster.leave('bob', 'left');
      log.length = 0;
      roster.join({ id: 'bob', tracks: [camera] });
      assert.deepEqual(log, ['participantJoined']);
      roster.leave('bob', 'left');
      setPerformanceNow(now);
    }
  } finally {
    setPerformanceNow(now);
  }
});

test('the same id for another source is another track', () => {
  const { roster, log } = makeRoster();
  roster.add({ id: 'bob', tracks: [camera] });
  const before = roster.participants.get('bob')?.track('camera');
  roster.blank();
  roster.restart([{ id: 'bob', tracks: [{ ...microphone, id: camera.id }] }]);
  assert.deepEqual(log, ['trackUnpublished TR_2', 'trackPublished TR_2']);
  const after = roster.participants.get('bob')?.tracks.get('TR_2');
  assert.ok(after !== before && after?.kind === 'audio');
});

test('S01, S02: a quality is asked for, kept for later tracks, and asked for again', async () => {
  const { roster, log } = makeRoster();
  const asked = () => log.splice(0).filter((line) => line.startsWith('setQuality'));
  roster.join({ id: 'bob', tracks: [camera] });
  const track = roster.participants.get('bob')?.track('camera');
  assert.equal(track?.quality, 'high');
  await track?.setQuality('low');
  assert.deepEqual(asked(), ['setQuality bob camera low']);
  assert.equal(track?.quality, 'low');
  // Published anew, it is as before; a server that was started anew is told.
  roster.unpublish('bob', 'TR_2');
  roster.publish('bob', { ...camera, id: 'TR_9' });
  assert.equal(roster.participants.get('bob')?.track('camera')?.quality, 'low');
  assert.deepEqual(roster.choiceRequests(), [
    { type: 'setQuality', participant: 'bob', source: 'camera', quality: 'low' },
  ]);
  await roster.participants.get('bob')?.track('camera')?.setQuality('high');
  assert.deepEqual(asked(), ['setQuality bob camera high']);
  assert.deepEqual(roster.choiceRequests(), []);
  // Who leaves is forgotten.
  await roster.participants.get('bob')?.track('camera')?.setQuality('medium');
  roster.leave('bob', 'left');
  roster.join({ id: 'bob', tracks: [camera] });
  assert.equal(roster.participants.get('bob')?.track('camera')?.quality, 'high');
});
