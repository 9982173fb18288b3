// Proves the sums on reports as browsers give them.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StatisticsSummary } from './statistics';
import type { Report } from './statistics';

function reports(second: number, packets: number, lost: number): Report[] {
  const timestamp = second * 1000;
  return [
    { id: 'T', type: 'transport', timestamp, selectedCandidatePairId: 'P' },
    { id: 'P', type: 'candidate-pair', timestamp, currentRoundTripTime: 0.012 },
    { id: 'C', type: 'codec', timestamp, mimeType: 'video/VP8' },
    {
      id: 'O', type: 'outbound-rtp', timestamp, kind: 'video', mid: '1', codecId: 'C',
      packetsSent: packets, bytesSent: packets * 1000, headerBytesSent: packets * 20,
      frameWidth: 640, frameHeight: 360, framesEncoded: second * 30,
    },
    {
      id: 'R', type: 'remote-inbound-rtp', timestamp, localId: 'O', fractionLost: 0.1,
      jitter: 0.004,
    },
    {
      id: 'I', type: 'inbound-rtp', timestamp, kind: 'audio', mid: '4',
      packetsReceived: packets - lost, packetsLost: lost, bytesReceived: packets * 100,
      jitter: 0.02,
      totalAudioEnergy: 0.5,
    },
    { id: 'N', type: 'inbound-rtp', timestamp, kind: 'video', mid: '5', packetsReceived: 0 },
  ];
}

test('the first time only what needs no time is known', () => {
  const figures = new StatisticsSummary().update(reports(1, 100, 0));
  assert.equal(figures.bitsPerSecondUp, 0);
  assert.equal(figures.lossUp, undefined);
  assert.equal(figures.lossDown, undefined);
  assert.equal(figures.roundTripMilliseconds, 12);
  assert.equal(figures.streams.length, 2);
});

test('rates are those since the last time, in bits a second', () => {
  const summary = new StatisticsSummary();
  summary.update(reports(1, 100, 0));
  const figures = summary.update(reports(3, 300, 20));
  assert.equal(figures.bitsPerSecondUp, (200 * 1020 * 8) / 2);
  assert.equal(figures.bitsPerSecondDown, (200 * 100 * 8) / 2);
  assert.equal(figures.lossDown, 20 / 200);
  assert.equal(figures.lossUp, 0.1);
  assert.equal(figures.jitterMillisecondsUp, 4);
  assert.equal(figures.jitterMillisecondsDown, 20);
  const video = figures.streams[0];
  assert.equal(video?.codec, 'video/VP8');
  assert.equal(video?.width, 640);
  assert.equal(video?.frames, 90);
});

test('packets that come late make no negative loss, and nothing makes no figure', () => {
  const summary = new StatisticsSummary();
  summary.update(reports(1, 100, 20));
  assert.equal(summary.update(reports(2, 200, 10)).lossDown, 0);
  const nothing = summary.update([]);
  assert.equal(nothing.lossDown, undefined);
  assert.equal(nothing.jitterMillisecondsDown, undefined);
  assert.equal(nothing.roundTripMilliseconds, undefined);
  assert.deepEqual(nothing.streams, []);
});
