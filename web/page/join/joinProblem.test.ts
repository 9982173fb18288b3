// Proves that every way joining fails has words of its own that say what to do.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MartletError } from '../../src/index';
import { joinProblem, needsToken } from './joinProblem';

const problem = (code: ConstructorParameters<typeof MartletError>[0]) =>
  joinProblem(new MartletError(code, 'The error said this.'));

test('known errors say what to do', () => {
  assert.ok(problem('roomFull').startsWith('The room is full.'));
  assert.ok(problem('banned').includes('may not come back yet'));
  assert.ok(problem('profileMismatch').includes('As it is'));
  assert.ok(problem('linkFailed').includes('Check your network'));
});

test('every fault of a token has words, also one of a later version', () => {
  for (const code of ['tokenMalformed', 'tokenSignatureInvalid', 2099] as const) {
    assert.ok(problem(code).startsWith('The link you opened is damaged'));
  }
});

test('an error without words of its own keeps the words it came with', () => {
  assert.equal(problem('invalidOffer'), 'The error said this.');
  assert.equal(problem(9999), 'The error said this.');
  assert.equal(joinProblem(new Error('Plain.')), 'Plain.');
});

test('a new token helps where the present one is bad, not where it grants too little', () => {
  assert.equal(needsToken(new MartletError('tokenExpired', '')), true);
  assert.equal(needsToken(new MartletError('permissionDenied', '')), false);
  assert.equal(needsToken(new Error('')), false);
});
