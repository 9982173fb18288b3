// Proves that a token is renewed in time, or given up when it is too late.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expiryText, renewInTime, retryMilliseconds } from './tokenRenewal';

function surroundings(failures: number, patience: number) {
  const log: string[] = [];
  let now = 0;
  let tries = 0;
  return {
    log,
    renew: async () => {
      tries += 1;
      log.push(`try ${tries}`);
      if (tries <= failures) throw new Error('No.');
    },
    failed: (message: string) => void log.push(message),
    wait: async (milliseconds: number) => {
      now += milliseconds;
    },
    isOver: () => now > patience,
  };
}

test('a renewal that works is done once', async () => {
  const around = surroundings(0, 30_000);
  assert.equal(await renewInTime(around), true);
  assert.deepEqual(around.log, ['try 1']);
});

test('a renewal that fails is tried again and says why', async () => {
  const around = surroundings(2, 30_000);
  assert.equal(await renewInTime(around), true);
  assert.deepEqual(around.log, ['try 1', 'No.', 'try 2', 'No.', 'try 3']);
});

test('it is given up when the token has ended', async () => {
  const around = surroundings(99, 2 * retryMilliseconds);
  assert.equal(await renewInTime(around), false);
  assert.equal(around.log.filter((line) => line.startsWith('try')).length, 3);
});

test('the countdown says what happens', () => {
  assert.equal(expiryText(29.4, 'none'), 'Your access ends in 30 s. Ask for a new link to stay.');
  assert.equal(expiryText(12, 'running'), 'Your access ends in 12 s; it is being renewed…');
  assert.equal(
    expiryText(-1, { failure: 'No answer.' }),
    'Your access ends in 0 s and could not be renewed yet. No answer.',
  );
});
