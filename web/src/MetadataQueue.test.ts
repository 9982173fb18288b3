// Proves which messages go out with which picture, in every size, and how many wait.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { metadataOf } from './metadataMessage';
import { MetadataQueue } from './MetadataQueue';

const slice = Uint8Array.from([0, 0, 0, 1, 0x41, 0x9a, 1, 2, 3]);
const usual = { repeats: 1, delayMilliseconds: 0, keyFramesOnly: false };

/** A queue whose pictures have come for a while in these sizes. */
function flowing(...layers: number[]): MetadataQueue {
  const queue = new MetadataQueue(0xffff_ffff_ffff_ffffn);
  for (let at = -2000; at <= 0; at += 100) for (const one of layers) queue.attach(slice, one, false, at);
  return queue;
}

/** What a picture of a size brings. */
function sent(queue: MetadataQueue, layer: number, now: number, isKeyframe = false): number[] {
  const picture = queue.attach(slice, layer, isKeyframe, now);
  return picture ? metadataOf(picture).map(({ data }) => data[0] ?? -1) : [];
}

test('D21: a message goes out as often as it is to, in each size under one id', () => {
  const queue = flowing(1, 2);
  queue.enqueue(Uint8Array.of(7), { ...usual, repeats: 2 }, 0);
  queue.enqueue(Uint8Array.of(8), usual, 0);
  const ids = [1, 2].map((layer) => metadataOf(queue.attach(slice, layer, false, 1) ?? slice));
  assert.deepEqual(ids[0], ids[1]);
  assert.deepEqual(ids[0]?.map(({ id }) => id), ['ffffffffffffffff', '0']);
  assert.equal(queue.count, 1);
  assert.deepEqual(sent(queue, 1, 2), [7]);
  assert.deepEqual(sent(queue, 1, 3), []);
  assert.equal(queue.count, 1);
  assert.deepEqual(sent(queue, 2, 4), [7]);
  assert.equal(queue.count, 0);
});

test('D22, D23: delays and keyframes are waited for', () => {
  const queue = flowing(1);
  queue.enqueue(Uint8Array.of(1), { ...usual, delayMilliseconds: 100 }, 0);
  queue.enqueue(Uint8Array.of(2), { ...usual, keyFramesOnly: true }, 0);
  queue.enqueue(Uint8Array.of(3), usual, 0);
  assert.deepEqual(sent(queue, 1, 1), [3]);
  assert.deepEqual(sent(queue, 1, 99), []);
  assert.deepEqual(sent(queue, 1, 100), [1]);
  assert.deepEqual(sent(queue, 1, 5000), []);
  assert.deepEqual(sent(queue, 1, 5001, true), [2]);
  assert.deepEqual(sent(queue, 1, 5002, true), []);
});

test('a size that is not sent keeps nothing waiting', () => {
  const queue = flowing(1, 2);
  for (let at = 100; at < 2000; at += 100) queue.attach(slice, 1, false, at);
  queue.enqueue(Uint8Array.of(1), usual, 2000);
  assert.deepEqual(sent(queue, 1, 2001), [1]);
  assert.equal(queue.count, 0);
});

test('sizes that are not known yet at the first picture get it too', () => {
  const queue = new MetadataQueue(5n);
  queue.enqueue(Uint8Array.of(1), usual, 0);
  assert.deepEqual(sent(queue, 1, 10), [1]);
  assert.deepEqual(sent(queue, 2, 20), [1]);
  assert.deepEqual(sent(queue, 1, 30), []);
  for (let at = 40; at < 1100; at += 100) assert.deepEqual(sent(queue, 1, at), []);
  queue.enqueue(Uint8Array.of(2), usual, 1100);
  assert.equal(queue.count, 1);
});

test('what a size alone could not take is forgotten after a while', () => {
  const queue = flowing(1, 2);
  const broken = Uint8Array.of(0, 0, 1, 0x67, 1);
  queue.enqueue(Uint8Array.of(1), usual, 0);
  assert.deepEqual(sent(queue, 1, 10), [1]);
  for (let at = 20; at < 2200; at += 100) {
    queue.attach(slice, 1, false, at);
    assert.equal(queue.attach(broken, 2, true, at), undefined);
  }
  queue.enqueue(Uint8Array.of(2), usual, 2200);
  assert.equal(queue.count, 1);
});

test('the queue and the messages of a picture are bounded', () => {
  const queue = flowing(1);
  const largest = new Uint8Array(4096);
  for (let n = 0; n < 64; n += 1) assert.ok(queue.enqueue(largest, usual, 0));
  assert.equal(queue.enqueue(largest, usual, 0), false);
  assert.deepEqual(sent(queue, 1, 1), [0, 0]);
  assert.equal(queue.count, 62);
  const small = flowing(1);
  for (let n = 0; n < 6; n += 1) small.enqueue(Uint8Array.of(n), usual, 0);
  assert.deepEqual(sent(small, 1, 1), [0, 1, 2, 3]);
  assert.deepEqual(sent(small, 1, 2), [4, 5]);
});
