// Proves the emitter: order, taking off, signals, listeners that take others off.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Emitter } from './Emitter';

interface Events {
  number: number;
  text: string;
}

test('listeners are called in the order they came, each for its own event', () => {
  const emitter = new Emitter<Events>();
  const seen: string[] = [];
  emitter.on('number', (n) => seen.push(`a${n}`));
  emitter.on('number', (n) => seen.push(`b${n}`));
  emitter.on('text', (t) => seen.push(t));
  emitter.emit('number', 1);
  emitter.emit('text', 'x');
  assert.deepEqual(seen, ['a1', 'b1', 'x']);
});

test('the function returned takes a listener off, also twice', () => {
  const emitter = new Emitter<Events>();
  let count = 0;
  const off = emitter.on('number', () => (count += 1));
  emitter.emit('number', 1);
  off();
  off();
  emitter.emit('number', 2);
  assert.equal(count, 1);
});

test('the same function registered twice is two listeners', () => {
  const emitter = new Emitter<Events>();
  let count = 0;
  const listener = () => (count += 1);
  const off = emitter.on('number', listener);
  emitter.on('number', listener);
  off();
  emitter.emit('number', 1);
  assert.equal(count, 1);
});

test('a signal takes a listener off, and an aborted one never lets it on', () => {
  const emitter = new Emitter<Events>();
  const controller = new AbortController();
  let count = 0;
  emitter.on('number', () => (count += 1), { signal: controller.signal });
  emitter.emit('number', 1);
  controller.abort();
  emitter.emit('number', 2);
  emitter.on('number', () => (count += 1), { signal: controller.signal });
  emitter.emit('number', 3);
  assert.equal(count, 1);
});

test('once means once, even if the listener emits again', () => {
  const emitter = new Emitter<Events>();
  let count = 0;
  emitter.on(
    'number',
    () => {
      count += 1;
      if (count < 5) emitter.emit('number', 1);
    },
    { once: true },
  );
  emitter.emit('number', 1);
  assert.equal(count, 1);
});

test('all listeners are taken off at once, and from their signals', () => {
  const emitter = new Emitter<Events>();
  const controller = new AbortController();
  let count = 0;
  let offs = 0;
  const { signal } = controller;
  const remove = signal.removeEventListener.bind(signal);
  signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
    offs += 1;
    remove(...rest);
  };
  emitter.on('number', () => (count += 1), { signal });
  emitter.on('text', () => (count += 1));
  emitter.clear();
  emitter.emit('number', 1);
  emitter.emit('text', 'x');
  assert.equal(count, 0);
  assert.equal(offs, 1);
});

test('a listener added while an event is delivered does not hear that event', () => {
  const emitter = new Emitter<Events>();
  let late = 0;
  emitter.on('number', () => {
    emitter.on('number', () => (late += 1));
  });
  emitter.emit('number', 1);
  assert.equal(late, 0);
});
