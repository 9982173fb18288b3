// Proves what becomes of slots: given, started, moved, taken away, and never under a wrong name.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAtOrAfter, SlotTable } from './SlotTable';

const bob = { participant: 'bob', track: 'TR_1' };
const cy = { participant: 'cy', track: 'TR_2' };
const empty = { participant: null, track: null };

test('a slot is assigned first and started when media flows', () => {
  const table = new SlotTable();
  assert.deepEqual(table.apply([{ mid: '5', ...bob }]), [
    { type: 'assigned', mid: '5', source: bob, isFresh: true },
  ]);
  assert.deepEqual(table.apply([{ mid: '5', ...bob, rtpTimestamp: 90 }]), [
    { type: 'started', mid: '5', source: bob, rtpTimestamp: 90 },
  ]);
  assert.deepEqual(table.source('5'), bob);
});

test('what is said again changes nothing', () => {
  const table = new SlotTable();
  table.apply([{ mid: '5', ...bob, rtpTimestamp: 90 }]);
  assert.deepEqual(table.apply([{ mid: '5', ...bob }]), []);
  assert.deepEqual(table.apply([{ mid: '5', ...bob, rtpTimestamp: 91 }]), []);
  assert.deepEqual(table.apply([{ mid: '6', ...empty }]), []);
});

test('a slot given to somebody else is released first and is not fresh', () => {
  const table = new SlotTable();
  table.apply([{ mid: '5', ...bob, rtpTimestamp: 90 }]);
  assert.deepEqual(table.apply([{ mid: '5', ...cy }]), [
    { type: 'released', mid: '5', source: bob },
    { type: 'assigned', mid: '5', source: cy, isFresh: false },
  ]);
});

test('an emptied slot stays used for whoever comes next', () => {
  const table = new SlotTable();
  table.apply([{ mid: '5', ...bob }]);
  assert.deepEqual(table.apply([{ mid: '5', ...empty }]), [
    { type: 'released', mid: '5', source: bob },
  ]);
  assert.equal(table.usedCount, 0);
  assert.deepEqual(table.apply([{ mid: '5', ...bob, rtpTimestamp: 7 }]), [
    { type: 'assigned', mid: '5', source: bob, isFresh: false },
    { type: 'started', mid: '5', source: bob, rtpTimestamp: 7 },
  ]);
});

test('a track that moves leaves before it arrives, in whichever order the message says', () => {
  const table = new SlotTable();
  table.apply([{ mid: '9', ...bob }]);
  const changes = table.apply([
    { mid: '5', ...bob },
    { mid: '9', ...empty },
  ]);
  assert.deepEqual(
    changes.map((change) => `${change.type} ${change.mid}`),
    ['released 9', 'assigned 5'],
  );
});

test('timestamps are compared across their wrap', () => {
  assert.ok(isAtOrAfter(100, 100));
  assert.ok(isAtOrAfter(101, 100));
  assert.ok(!isAtOrAfter(99, 100));
  assert.ok(isAtOrAfter(5, 0xffff_fff0));
  assert.ok(!isAtOrAfter(0xffff_fff0, 5));
});
