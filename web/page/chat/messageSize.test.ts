// Proves what is told of a message's length.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytesOf, messageBytesMax, sizeHint } from './messageSize';

test('bytes are counted, not characters', () => {
  assert.equal(bytesOf('abc'), 3);
  assert.equal(bytesOf('é'), 2);
  assert.equal(bytesOf('🦜'), 4);
});

test('a hint comes when it gets tight, and says by how much it is too long', () => {
  assert.equal(sizeHint('hello'), '');
  assert.equal(sizeHint('x'.repeat(3000)), '');
  assert.equal(sizeHint('x'.repeat(4000)), '96 bytes left.');
  assert.equal(sizeHint('x'.repeat(messageBytesMax)), '0 bytes left.');
  assert.ok(sizeHint('🦜'.repeat(1025)).startsWith('Too long by 4 bytes'));
});
