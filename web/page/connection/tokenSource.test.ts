// Proves what is asked for a token and what is taken as one.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tokenAddress, tokenIn, tokenRequest } from './tokenSource';

const page = 'https://call.example/?room=daily';

test('an address is one of the page or named in full, and always HTTP', () => {
  assert.equal(tokenAddress('/token', page), 'https://call.example/token');
  assert.equal(tokenAddress('https://app.example/t?x=1', page), 'https://app.example/t?x=1');
  for (const nonsense of ['javascript:alert(1)', 'data:,{}', 'file:///etc/passwd', 'https://']) {
    assert.equal(tokenAddress(nonsense, page), undefined);
  }
});

test('it is asked for whom the token is, and keeps what it says itself', () => {
  assert.equal(
    tokenRequest('https://a.example/t?room=fixed', { room: 'daily', name: 'A & B' }),
    'https://a.example/t?room=fixed&name=A+%26+B',
  );
  assert.equal(
    tokenRequest('https://a.example/t', { room: 'daily', participant: 'ada' }),
    'https://a.example/t?room=daily&participant=ada',
  );
});

test('only a text of sensible length is a token', () => {
  assert.equal(tokenIn({ token: 'a.b.c' }), 'a.b.c');
  for (const answer of [null, undefined, 7, 'a.b.c', {}, { token: '' }, { token: 1 }]) {
    assert.throws(() => tokenIn(answer), { message: /gave no token/u });
  }
  assert.throws(() => tokenIn({ token: 'x'.repeat(17_000) }));
});
