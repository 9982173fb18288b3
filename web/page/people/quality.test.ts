// Proves how network grades become bars and words.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { barsOf, gradeText, qualityText, worseGrade } from './quality';

test('the worse way decides, and what is not measured does not', () => {
  assert.equal(worseGrade({ up: 'good', down: 'poor' }), 'poor');
  assert.equal(worseGrade({ up: 'down', down: 'excellent' }), 'down');
  assert.equal(worseGrade({ up: 'unknown', down: 'fair' }), 'fair');
});

test('bars', () => {
  assert.equal(barsOf({ up: 'excellent', down: 'excellent' }), 4);
  assert.equal(barsOf({ up: 'good', down: 'excellent' }), 3);
  assert.equal(barsOf({ up: 'fair', down: 'good' }), 2);
  assert.equal(barsOf({ up: 'bad', down: 'good' }), 1);
  assert.equal(barsOf({ up: 'down', down: 'down' }), 0);
});

test('words name both ways where they differ', () => {
  assert.equal(qualityText({ up: 'good', down: 'good' }), 'Network: good');
  assert.equal(
    qualityText({ up: 'good', down: 'poor' }),
    'Network: sending good, receiving poor',
  );
  assert.equal(gradeText({ up: 'good', down: 'poor' }), 'Network: poor');
  assert.equal(qualityText({ up: 'down', down: 'down' }), 'Network: nothing gets through');
});
