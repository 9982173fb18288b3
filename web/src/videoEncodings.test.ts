// The sizes a capture is worth.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaleFor, simulcastEncodings } from './videoEncodings';

const sent = (width: number, height: number, maxBitrate?: number) =>
  simulcastEncodings({ width, height }, maxBitrate)
    .filter((one) => one.active)
    .map((one) => [
      one.rid,
      Math.round(width / (one.scaleResolutionDownBy ?? 1)),
      (one.maxBitrate ?? 0) / 1000,
    ]);

test('S01: the largest size is the capture itself, whatever it is', () => {
  assert.deepEqual(sent(1280, 720), [['q', 320, 150], ['h', 640, 560], ['f', 1280, 2089]]);
  assert.deepEqual(sent(640, 360), [['q', 320, 150], ['h', 640, 560]]);
  assert.deepEqual(sent(640, 480), [['q', 320, 197], ['h', 640, 736]]);
  assert.deepEqual(sent(320, 180), [['q', 320, 150]]);
  assert.deepEqual(sent(720, 1280).map(([, width]) => width), [180, 360, 720]);
  // An offer names all three, for cameras that turn out to be large.
  assert.equal(simulcastEncodings().every((one) => one.active), true);
});

test('a bound of the rate is that of the largest size, and leaves the smaller ones their shares', () => {
  const rates = (...words: Parameters<typeof sent>) => sent(...words).map(([, , rate]) => rate);
  assert.deepEqual(rates(1280, 720, 1_500_000), [150, 560, 1500]);
  assert.deepEqual(rates(1280, 720, 500_000), [125, 250, 500]);
  assert.deepEqual(rates(640, 360, 200_000), [100, 200]);
  assert.deepEqual(rates(320, 180, 100_000), [100]);
});

test('pictures are scaled down to what their rate is worth', () => {
  const only = [500_000, 250_000, 120_000, 60_000, 1].map((rate) => scaleFor(rate, 640 * 360, true));
  assert.deepEqual(only, [1, 1.5, 2.5, 3, 4]);
  // Of one of several a browser does no more itself.
  const small = [200_000, 60_000, 41_000].map((rate) => scaleFor(rate, 320 * 180, false));
  assert.deepEqual(small, [1, 2, 2.5]);
});
