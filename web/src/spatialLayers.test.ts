// That upper sizes of one stream are left out and the smallest stays as it is.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutSpatialLayers, smallestMode } from './spatialLayers';
import type { LayeredEncoding } from './spatialLayers';

test('what is left of a mode', () => {
  const left = ['L3T3_KEY', 'L3T1', 'L2T2_KEY'].map(smallestMode);
  assert.deepEqual(left, ['L1T3', 'L1T1', 'L1T2']);
  for (const mode of ['L1T3', 'L3T3_KEY_SHIFT', 'L2T1h', 'S3T3', '', undefined]) {
    assert.equal(smallestMode(mode), undefined);
  }
});

test('S01: the smallest size keeps its pixels and its rate', () => {
  const cut = (wanted: number, of: number, encoding: LayeredEncoding = {}) => {
    const given = { scalabilityMode: 'L3T3_KEY', ...encoding };
    cutSpatialLayers(given, { wanted, of }, 1280 * 720);
    return [given.scalabilityMode, given.scaleResolutionDownBy, given.maxBitrate];
  };
  assert.deepEqual(cut(1, 3), ['L1T3', 4, 150_000]);
  // Of a capture that is worth two sizes only.
  assert.deepEqual(cut(1, 2), ['L1T3', 2, 560_000]);
  assert.deepEqual(cut(1, 3, { maxBitrate: 400_000 }), ['L1T3', 4, 100_000]);
  for (const wanted of [2, 3, 0]) {
    assert.deepEqual(cut(wanted, 3), ['L3T3_KEY', undefined, undefined]);
  }
  assert.deepEqual(cut(1, 3, { scalabilityMode: 'L1T3' }), ['L1T3', undefined, undefined]);
});
