// Proves the conversions of loudness.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decibelsOfFullScale, volumePercent } from './audioLevel';

test('a level is decibels below full scale, and a volume grows evenly with them', () => {
  assert.deepEqual([0, 23, 127, 200].map(decibelsOfFullScale), [0, -23, -127, -127]);
  assert.deepEqual([0, -15, -30, -45, -60, -127].map(volumePercent), [100, 75, 50, 25, 0, 0]);
  assert.equal(volumePercent(6), 100);
});
