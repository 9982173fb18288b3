// Proves how addresses are read, and which errors stand for which end of a connection.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { signalAddress } from './address';
import { isLegalMove } from './connectionMoves';
import { joinFailure } from './connectionOutcome';
import { errorCodes } from './errorCodes';

test('a host becomes its signalling address; a path is kept', () => {
  assert.equal(signalAddress('https://a.example'), 'wss://a.example/v1/signal');
  assert.equal(signalAddress('http://127.0.0.1:7880/'), 'ws://127.0.0.1:7880/v1/signal');
  assert.equal(signalAddress('wss://a.example/rtc?x=1'), 'wss://a.example/rtc?x=1');
  assert.equal(signalAddress('/', 'http://h:1/page?room=x'), 'ws://h:1/v1/signal');
});

test('what is no address of the web is refused', () => {
  for (const url of ['', 'a.example', 'ftp://a', 'javascript:alert(1)']) {
    assert.throws(() => signalAddress(url), { code: errorCodes.invalidArgument });
  }
});

test('every error code stands for a reason with which joining may fail', () => {
  for (const code of [...Object.values(errorCodes), 1999, 2999, 3999, 4999, 5999, 9999]) {
    const reason = joinFailure(code);
    assert.ok(isLegalMove({ from: 'connecting', to: 'disconnected', reason }), `${code}`);
  }
});
