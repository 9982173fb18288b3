// Proves each incident on made-up reports, at its limit, and that it is told at its ends alone.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { IncidentWatch } from './IncidentWatch';
import { incidentsBetween, mediaSnapshot } from './qualityIncidents';
import type { MediaFlow } from './qualityIncidents';
import type { Report } from './statistics';

function flow(direction: 'up' | 'down', source: MediaFlow['source']): MediaFlow {
  const kind = source === 'microphone' || source === 'screenAudio' ? 'audio' : 'video';
  return { direction, mid: '1', kind, source, participant: direction === 'up' ? undefined : 'bob' };
}

type Fields = { readonly [field: string]: number };

function up(fields: Fields, source: Fields = {}): Report[] {
  return [
    { id: 'S', type: 'media-source', timestamp: 0, ...source },
    { id: 'O', type: 'outbound-rtp', timestamp: 0, mid: '1', mediaSourceId: 'S', ...fields },
    { id: 'X', type: 'outbound-rtp', timestamp: 0, mid: '2', bytesSent: 1, framesEncoded: 1 },
  ];
}

function down(fields: Fields): Report[] {
  return [{ id: 'I', type: 'inbound-rtp', timestamp: 0, mid: '1', ...fields }];
}

/** What is amiss between two looks, two seconds apart. */
function amiss(one: MediaFlow, before: Report[], after: Report[]): string[] {
  const snapshots = [before, after].map((reports, n) => mediaSnapshot(reports, [one], n * 2000));
  const [first, second] = snapshots;
  return first && second ? incidentsBetween(first, second).map(({ code }) => code) : [];
}

test('E28, N09: a source that moves and of which hardly a picture a second is sent', () => {
  const camera = flow('up', 'camera');
  const sent = (bytes: number, frames: number, rate: number) =>
    up({ bytesSent: bytes, framesEncoded: frames }, { framesPerSecond: rate });
  assert.deepEqual(amiss(camera, sent(0, 0, 30), sent(9, 2, 30)), ['frameRateSentTooLow']);
  assert.deepEqual(amiss(camera, sent(0, 0, 30), sent(9, 3, 30)), []);
  assert.deepEqual(amiss(camera, sent(0, 0, 5), sent(9, 2, 5)), []);
  assert.deepEqual(amiss(camera, sent(0, 0, 6), sent(9, 2, 6)), ['frameRateSentTooLow']);
  // Of a camera's sizes one is enough, and few of each are few.
  const sizes = (frames: number, large = 4) => [
    ...sent(frames * 9, large, 30),
    { id: 'Q', type: 'outbound-rtp', timestamp: 0, mid: '1', framesEncoded: frames },
  ];
  assert.deepEqual(amiss(camera, sizes(0), sizes(60)), []);
  assert.deepEqual(amiss(camera, sizes(9, 9), sizes(11, 11)), ['frameRateSentTooLow']);
});

test('E28, N09: nothing is sent of a track that is published and not muted', () => {
  const sent = (bytes: number, rate: number) => up({ bytesSent: bytes }, { framesPerSecond: rate });
  for (const source of ['microphone', 'camera', 'screenAudio'] as const) {
    assert.deepEqual(amiss(flow('up', source), sent(70, 0), sent(70, 0)), ['nothingSent']);
    assert.deepEqual(amiss(flow('up', source), sent(70, 0), sent(71, 0)), []);
  }
  // A screen may stand still.
  assert.deepEqual(amiss(flow('up', 'screen'), sent(70, 0), sent(70, 0)), []);
  assert.deepEqual(amiss(flow('up', 'screen'), sent(70, 1), sent(70, 1)), ['nothingSent']);
  // What a browser does not tell is not amiss.
  assert.deepEqual(amiss(flow('up', 'camera'), up({}), up({})), []);
  assert.deepEqual(amiss(flow('up', 'camera'), [], []), []);
});

test('E28, N09: a picture arrives of which nothing can be decoded', () => {
  const camera = flow('down', 'camera');
  const got = (bytesReceived: number, framesDecoded: number) =>
    down({ bytesReceived, framesDecoded });
  assert.deepEqual(amiss(camera, got(0, 4), got(5000, 4)), ['nothingDecoded']);
  assert.deepEqual(amiss(camera, got(0, 4), got(5000, 5)), []);
  assert.deepEqual(amiss(camera, got(0, 4), got(0, 4)), []);
});

test('E28, N09: much of what is heard is made up, silence apart', () => {
  const sound = flow('down', 'microphone');
  const got = (totalSamplesReceived: number, concealedSamples: number, silent: number) =>
    down({ totalSamplesReceived, concealedSamples, silentConcealedSamples: silent });
  assert.deepEqual(amiss(sound, got(0, 0, 0), got(1000, 201, 0)), ['soundConcealed']);
  assert.deepEqual(amiss(sound, got(0, 0, 0), got(1000, 200, 0)), []);
  assert.deepEqual(amiss(sound, got(0, 0, 0), got(1000, 900, 800)), []);
  assert.deepEqual(amiss(sound, got(0, 900, 0), got(1000, 900, 0)), []);
});

test('E28, N09: a microphone that gives nothing, by energy or by level', () => {
  const sound = flow('up', 'microphone');
  const input = (bytes: number, source: Fields) => up({ bytesSent: bytes }, source);
  const energy = (bytes: number, totalAudioEnergy: number) => input(bytes, { totalAudioEnergy });
  assert.deepEqual(amiss(sound, energy(1, 3), energy(2, 3)), ['inputSilent']);
  assert.deepEqual(amiss(sound, energy(1, 3), energy(2, 3.001)), []);
  const level = (bytes: number, audioLevel: number) => input(bytes, { audioLevel });
  assert.deepEqual(amiss(sound, level(1, 0), level(2, 0)), ['inputSilent']);
  assert.deepEqual(amiss(sound, level(1, 0), level(2, 0.01)), []);
  // Shared sound may well be silent.
  assert.deepEqual(amiss(flow('up', 'screenAudio'), energy(1, 3), energy(2, 3)), []);
});

test('only what was to flow at both looks is compared', () => {
  const reports = up({ bytesSent: 7 });
  const look = (at: number, ...flows: MediaFlow[]) => mediaSnapshot(reports, flows, at);
  const camera = flow('up', 'camera');
  assert.deepEqual(incidentsBetween(look(0), look(2000, camera)), []);
  assert.deepEqual(incidentsBetween(look(0, camera), look(2000)), []);
  const elsewhere = { ...camera, mid: '2' };
  assert.deepEqual(incidentsBetween(look(0, elsewhere), look(2000, camera)), []);
  assert.deepEqual(incidentsBetween(look(0, camera), look(2000, camera)), [
    { code: 'nothingSent', source: 'camera' },
  ]);
});

test('an incident is told when it begins and when it is over, and a silent one late', () => {
  const watch = new IncidentWatch();
  const sound = [flow('up', 'microphone')];
  const look = (second: number, bytesSent: number, totalAudioEnergy: number, flows = sound) => {
    const reports = up({ bytesSent }, { totalAudioEnergy });
    const incidents = watch.look(mediaSnapshot(reports, flows, second * 1000));
    return incidents.map(({ code, recovered }) => `${code} ${recovered}`);
  };
  assert.deepEqual(look(0, 1, 0), []);
  assert.deepEqual(look(2, 1, 0), ['nothingSent false']);
  assert.deepEqual(look(4, 1, 0), []);
  assert.deepEqual(look(6, 2, 0), ['nothingSent true']);
  for (const second of [8, 10, 12]) assert.deepEqual(look(second, second, 0), []);
  assert.deepEqual(look(14, 14, 0), ['inputSilent false']);
  assert.deepEqual(look(16, 16, 0), []);
  // Muted or gone: over.
  assert.deepEqual(look(18, 16, 0, []), ['inputSilent true']);
  assert.deepEqual(look(20, 16, 0), []);
  // A pause in speaking that was not told needs no end.
  assert.deepEqual(look(21, 17, 0), []);
  assert.deepEqual(look(22, 18, 0), []);
  assert.deepEqual(look(23, 18.5, 1), []);
  watch.pause();
  assert.deepEqual(look(24, 18.5, 1), []);
  assert.deepEqual(look(26, 18.5, 1), ['nothingSent false']);
});
