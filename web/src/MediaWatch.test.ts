// Proves when a media path counts as heard.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MediaPulse, mediaSample, MediaWatch } from './MediaWatch';

/** Looks twice a second at a path of one's own. */
function watched(): {
  pulse: MediaPulse;
  look: (packets: number, checks?: number, isConnected?: boolean) => boolean;
} {
  const pulse = new MediaPulse();
  let at = 0;
  const look = (packets: number, checks = 0, isConnected = true) => {
    at += 500;
    return pulse.update({ at, packets, checks, isConnected });
  };
  return { pulse, look };
}

test('B23: packets that came all the time and cease are silence, whatever ICE still says', () => {
  const { look } = watched();
  // One report a second is enough.
  for (let n = 0; n < 12; n += 1) look(Math.floor(n / 2));
  for (let n = 0; n < 6; n += 1) assert.ok(!look(5));
  assert.ok(look(6));
});

test('a path that nobody sends over lives as long as ICE says so', () => {
  const { look } = watched();
  assert.ok(!look(0, 0, false));
  for (let n = 0; n < 9; n += 1) assert.ok(look(0));
  for (let n = 0; n < 40; n += 1) assert.ok(look(Math.floor(n / 5)));
  assert.ok(look(7, 1, false));
  assert.ok(!look(7, 1, false));
});

test('a check that is answered says that no packets were due', () => {
  const { look } = watched();
  for (let n = 0; n < 9; n += 1) look(n);
  assert.ok(!look(8));
  assert.ok(look(8, 1));
  for (let n = 0; n < 9; n += 1) assert.ok(look(8, 1));
});

test('a restarted path is heard when something arrives, not because ICE knows no better', () => {
  const { pulse, look } = watched();
  look(0);
  pulse.demand();
  assert.ok(!look(0));
  assert.ok(look(0, 1));
  assert.ok(look(0, 1));
});

test('what arrived before the restart does not say that the path is heard', () => {
  const { pulse, look } = watched();
  for (let n = 0; n < 9; n += 1) look(n);
  pulse.demand();
  assert.ok(!look(12));
  assert.ok(!look(12));
  assert.ok(look(13));
});

test('a look that was under way when the network changed counts for nothing', async () => {
  let packets = 0;
  let heard = 0;
  const waiting: (() => void)[] = [];
  const watch = new MediaWatch({
    reports: () => {
      const report = { id: 'T', timestamp: 1, type: 'transport', packetsReceived: packets };
      return new Promise((resolve) => waiting.push(() => resolve([report])));
    },
    isConnected: () => true,
    heard: () => (heard += 1),
  });
  const answer = async (look: Promise<void>) => {
    waiting.shift()?.();
    await look;
  };
  await answer(watch.look());
  packets = 5;
  const late = watch.look();
  heard = 0;
  watch.demand();
  await answer(late);
  await answer(Promise.resolve());
  assert.equal(heard, 0);
  packets = 6;
  await answer(watch.look());
  assert.equal(heard, 1);
  watch.close();
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
    500,
    true,
  );
  assert.deepEqual(sample, { at: 500, packets: 16, checks: 3, isConnected: true });
});
