// Proves how many lines are kept, what counts as unread, and what came twice.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { badgeText, ChatLog, linesMax } from './chatLog';
import type { ChatEntry } from './chatLog';

const at = new Date(0);

function message(text: string, id?: string): ChatEntry & { kind: 'message' } {
  return { kind: 'message', from: 'bob', name: 'Bob', text, at, id };
}

test('the newest lines are kept and the oldest go', () => {
  const log = new ChatLog();
  let gone = 0;
  for (let count = 0; count < linesMax + 10; count += 1) {
    gone += log.add(message(String(count)), true);
  }
  assert.equal(gone, 10);
  assert.equal(log.entries.length, linesMax);
  const [first] = log.entries;
  assert.equal(first?.text, '10');
});

test('messages that nobody looked at are unread; what the room tells is not', () => {
  const log = new ChatLog();
  log.add(message('seen'), true);
  log.add(message('one'), false);
  log.add({ kind: 'system', text: 'Bob left.', at }, false);
  log.add(message('two'), false);
  assert.equal(log.unread, 2);
  log.markRead();
  assert.equal(log.unread, 0);
});

test('the same id of the same sender is known, others are not', () => {
  const log = new ChatLog();
  const first = message('one', 'm1');
  assert.equal(log.isKnown(first), false);
  log.add(first, true);
  assert.equal(log.isKnown(first), true);
  assert.equal(log.isKnown({ ...first, from: 'cy' }), false);
  assert.equal(log.isKnown(message('without an id')), false);
  for (let count = 0; count < 500; count += 1) log.add(message('x', `n${count}`), true);
  assert.equal(log.isKnown(first), false);
});

test('badges stay short', () => {
  assert.deepEqual([1, 99, 100, 5000].map(badgeText), ['1', '99', '99+', '99+']);
});
