// Proves when a media path counts as heard.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MediaPulse, mediaSample } from './MediaWatch';

function heard(pulse: MediaPulse, packets: number, checks = 0, isConnected = true): boolean {
  return pulse.update({ packets, checks, isConnected });
}

test('B23: packets that came all the time and cease are silence, whatever ICE still says', () => {
  const pulse = new MediaPulse();
  for (let n = 0; n < 6; n += 1) assert.ok(heard(pulse, n * 10));
  for (let n = 0; n < 6; n += 1) assert.ok(!heard(pulse, 50));
  assert.ok(heard(pulse, 51));
});

test('a path that nobody sends over lives as long as ICE says so', () => {
  const pulse = new MediaPulse();
  assert.ok(!heard(pulse, 0, 0, false));
  for (let n = 0; n < 9; n += 1) assert.ok(heard(pulse, 0));
  assert.ok(heard(pulse, 0, 1, false));
  assert.ok(!heard(pulse, 0, 1, false));
});

test('a check that is answered says that no packets were due', () => {
  const pulse = new MediaPulse();
  for (let n = 0; n < 6; n += 1) heard(pulse, n);
  assert.ok(!heard(pulse, 5));
  assert.ok(heard(pulse, 5, 1));
  for (let n = 0; n < 9; n += 1) assert.ok(heard(pulse, 5, 1));
});

test('a restarted path is heard when something arrives, not because ICE knows no better', () => {
  const pulse = new MediaPulse();
  heard(pulse, 0);
  pulse.demand();
  assert.ok(!heard(pulse, 0));
  assert.ok(heard(pulse, 0, 1));
  assert.ok(heard(pulse, 0, 1));
});

test('counts are read from the reports that browsers give', () => {
  const base = { id: 'x', timestamp: 1 };
  const sample = mediaSample(
    [
      { ...base, type: 'transport', packetsReceived: 7 },
      { ...base, type: 'inbound-rtp', packetsReceived: 5 },
      { ...base, type: 'candidate-pair', responsesReceived: 2, requestsReceived: 1 },
      { ...base, type: 'remote-inbound-rtp', roundTripTimeMeasurements: 4 },
      { ...base, type: 'codec', packetsReceived: 100 },
      { ...base, type: 'inbound-rtp' },
    ],
    true,
  );
  assert.deepEqual(sample, { packets: 16, checks: 3, isConnected: true });
});
