// Proves the grades at both sides of every limit.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { gradeLimits, networkGrade } from './networkGrade';

const grades = ['excellent', 'good', 'fair', 'poor', 'bad'] as const;
const fields = ['loss', 'roundTripMilliseconds', 'jitterMilliseconds'] as const;

test('N08: each figure alone moves the grade exactly beyond its limit', () => {
  for (const field of fields) {
    for (const [index, grade] of grades.entries()) {
      if (grade === 'bad') continue;
      const limit = gradeLimits[grade][field] ?? 0;
      assert.equal(networkGrade({ [field]: limit }), grade);
      assert.equal(networkGrade({ [field]: limit + 0.001 }), grades[index + 1]);
    }
  }
});

test('N08: the worst figure decides, and without figures nothing is known', () => {
  assert.equal(networkGrade({}), 'unknown');
  assert.equal(networkGrade({ loss: undefined, roundTripMilliseconds: undefined }), 'unknown');
  const good = { loss: 0, roundTripMilliseconds: 10, jitterMilliseconds: 1 };
  assert.equal(networkGrade(good), 'excellent');
  assert.equal(networkGrade({ ...good, roundTripMilliseconds: 250 }), 'fair');
  assert.equal(networkGrade({ loss: 0.5, roundTripMilliseconds: 10 }), 'bad');
});
