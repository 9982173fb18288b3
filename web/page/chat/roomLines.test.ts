// Proves what the chat tells of the room.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leftText, ownRoleText, roleText } from './roomLines';

test('who goes is told with the reason', () => {
  assert.equal(leftText('Bob', 'left'), 'Bob left.');
  assert.equal(leftText('Bob', 'timeout'), 'Bob lost the connection.');
  assert.equal(leftText('Bob', 'kicked'), 'Bob was removed.');
  assert.equal(leftText('Bob', 'becameAudience'), 'Bob is now in the audience.');
});

test('roles', () => {
  assert.equal(roleText('Bob', 'host'), 'Bob is now a host.');
  assert.equal(roleText('Bob', 'audience'), 'Bob is now in the audience.');
  assert.ok(ownRoleText('host').startsWith('You are now a host'));
  assert.ok(ownRoleText('audience').includes('neither seen nor heard'));
});
