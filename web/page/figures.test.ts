// Proves how figures and names are written.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bitRateText, hueOf, initials, lossText, millisecondsText, streamText } from './figures';

test('bitrates', () => {
  assert.deepEqual([undefined, 0, 850_400, 999_600, 1_440_000].map(bitRateText), [
    '–', '0 kbit/s', '850 kbit/s', '1.0 Mbit/s', '1.4 Mbit/s',
  ]);
});

test('loss', () => {
  assert.deepEqual([undefined, 0, 0.0004, 0.003, 0.0999, 0.12].map(lossText), [
    '–', '0 %', '0 %', '0.3 %', '10 %', '12 %',
  ]);
});

test('round trips', () => {
  assert.deepEqual([undefined, 0.4, 23.6].map(millisecondsText), ['–', '<1 ms', '24 ms']);
});

test('a picture that arrives', () => {
  const stream = { width: 640, height: 360, framesPerSecond: 24.6, bitsPerSecond: 480_000 };
  assert.equal(streamText(stream), '640×360, 25 pictures/s, 480 kbit/s');
  assert.equal(
    streamText({ ...stream, width: undefined, framesPerSecond: undefined }),
    '480 kbit/s',
  );
});

test('initials of all kinds of names', () => {
  assert.equal(initials('Ada Lovelace'), 'AL');
  assert.equal(initials('bob'), 'B');
  assert.equal(initials('  Ludwig van Beethoven '), 'LB');
  assert.equal(initials('𝒳 y'), '𝒳Y');
  assert.equal(initials('   '), '');
});

test('a hue is stable and a hue', () => {
  assert.equal(hueOf('ada'), hueOf('ada'));
  for (const id of ['', 'a', 'bob', '🦜'.repeat(50)]) {
    assert.ok(hueOf(id) >= 0 && hueOf(id) < 360);
  }
});
