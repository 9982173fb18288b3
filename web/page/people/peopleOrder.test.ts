// Proves the order of the list of people.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inOrder } from './peopleOrder';

function person(id: string, more: object = {}) {
  return { id, name: id, isOwn: false, role: 'host' as const, hasHandUp: false, ...more };
}

const ids = (people: readonly { id: string }[]) => people.map(({ id }) => id);

test('oneself comes first, whatever one is called', () => {
  const people = [person('ada', { hasHandUp: true }), person('zoe', { isOwn: true })];
  assert.deepEqual(ids(inOrder(people)), ['zoe', 'ada']);
});

test('then raised hands, then hosts, then the audience', () => {
  const audience = { role: 'audience' as const };
  const people = [
    person('a', audience),
    person('b'),
    person('c', { hasHandUp: true }),
    person('d', { ...audience, hasHandUp: true }),
  ];
  assert.deepEqual(ids(inOrder(people)), ['c', 'd', 'b', 'a']);
});

test('by name as people read it, and by id where the names are the same', () => {
  const people = [
    person('1', { name: 'Person 10' }),
    person('2', { name: 'person 9' }),
    person('4', { name: 'Ada' }),
    person('3', { name: 'ada' }),
    person('5', { name: 'Élodie' }),
  ];
  assert.deepEqual(ids(inOrder(people)), ['3', '4', '5', '2', '1']);
});
