// Proves that metadata is told once, in order, and only of those whose picture it came with.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { heldMax, MetadataInbox, rememberedMax } from './MetadataInbox';
import { SlotTable } from './SlotTable';

function makeInbox(): { inbox: MetadataInbox; slots: SlotTable; told: string[] } {
  const told: string[] = [];
  const slots = new SlotTable();
  const inbox = new MetadataInbox({
    owner: (mid, timestamp) => slots.owner(mid, timestamp),
    deliver: ({ participant }, data, timestamp) => told.push(`${participant} ${data[0]} ${timestamp}`),
  });
  return { inbox, slots, told };
}

function picture(rtpTimestamp: number, ...numbers: number[]) {
  const messages = numbers.map((one) => ({ id: String(one), data: Uint8Array.of(one) }));
  return { rtpTimestamp, messages };
}

test('D21, D24: repetitions are told once, and in order', () => {
  const { inbox, slots, told } = makeInbox();
  slots.apply([{ mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 100 }]);
  inbox.receive('5', picture(100, 1, 2));
  inbox.receive('5', picture(200, 1, 2, 3));
  inbox.receive('5', picture(300, 3));
  assert.deepEqual(told, ['bob 1 100', 'bob 2 100', 'bob 3 200']);
});

test('D24: what comes before the word of whose it is waits; what was shown before is nobody’s', () => {
  const { inbox, slots, told } = makeInbox();
  inbox.receive('5', picture(100, 1));
  slots.apply([{ mid: '5', participant: 'bob', track: 'TR_2' }]);
  inbox.look();
  inbox.receive('5', picture(200, 2));
  assert.deepEqual(told, []);
  slots.apply([{ mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 150 }]);
  inbox.look();
  assert.deepEqual(told, ['bob 2 200']);
  slots.apply([{ mid: '5', participant: null, track: null }]);
  inbox.receive('5', picture(300, 3));
  slots.apply([{ mid: '5', participant: 'cy', track: 'TR_3', rtpTimestamp: 400 }]);
  inbox.receive('5', picture(390, 4));
  inbox.receive('5', picture(400, 5));
  assert.deepEqual(told, ['bob 2 200', 'cy 5 400']);
});

test('tracks have ids of their own, and timestamps wrap', () => {
  const { inbox, slots, told } = makeInbox();
  slots.apply([
    { mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 0xffff_fff0 },
    { mid: '7', participant: 'cy', track: 'TR_3', rtpTimestamp: 0 },
  ]);
  inbox.receive('5', picture(5, 1));
  inbox.receive('7', picture(6, 1));
  inbox.forget('TR_2');
  inbox.receive('5', picture(7, 1));
  assert.deepEqual(told, ['bob 1 5', 'cy 1 6', 'bob 1 7']);
});

test('what is held and what is remembered is bounded', () => {
  const { inbox, slots, told } = makeInbox();
  for (let n = 0; n < heldMax + 10; n += 1) inbox.receive('5', picture(n, n));
  slots.apply([{ mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 0 }]);
  inbox.look();
  assert.equal(told.length, heldMax);
  assert.equal(told[0], 'bob 10 10');
  for (let n = 1000; n < 1000 + rememberedMax; n += 1) inbox.receive('5', picture(n, n));
  told.length = 0;
  inbox.receive('5', picture(2000, 1000));
  inbox.receive('5', picture(2001, 1000 + rememberedMax));
  inbox.receive('5', picture(2002, 1000));
  assert.equal(told.length, 2);
});
