// Proves what an application sees of others as the server's messages come, without any browser.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AudioOutput } from './AudioOutput';
import { RemoteRoster } from './RemoteRoster';

// The roster needs of the browser no more than that streams can be made.
(globalThis as { MediaStream?: unknown }).MediaStream = class {};

const camera = { id: 'TR_2', source: 'camera', kind: 'video', muted: false } as const;
const microphone = { id: 'TR_1', source: 'microphone', kind: 'audio', muted: false } as const;

function makeRoster(): { roster: RemoteRoster; log: string[] } {
  const log: string[] = [];
  const audio = {
    play: (mid: string, _track: unknown, isFresh: boolean) => log.push(`play ${mid} ${isFresh}`),
    silence: (mid: string) => log.push(`silence ${mid}`),
  };
  const roster = new RemoteRoster({
    emit: (name, event) => {
      const { track } = event as { track?: { id: string } };
      log.push(track ? `${name} ${track.id}` : name);
    },
    audio: audio as unknown as AudioOutput,
    slot: (mid) => {
      const kind = Number(mid) % 2 === 0 ? 'audio' : 'video';
      return { mid, kind, track: { kind } as MediaStreamTrack };
    },
  });
  return { roster, log };
}

test('somebody comes, publishes, is shown, and goes', () => {
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

test('the loudest speaks first, and who is muted does not speak', () => {
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
    'activeSpeakersChanged', 'trackMuted TR_9', 'activeSpeakersChanged', 'activeSpeakersChanged',
  ]);
});
