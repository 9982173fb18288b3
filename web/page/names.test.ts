// Proves that names cannot turn, hide or break the texts around them.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { displayName, NameBook, shortName } from './names';

test('signs that turn or hide text are taken out of names', () => {
  assert.equal(displayName('Ada\u202egnp.exe'), 'Ada gnp.exe');
  assert.equal(displayName('\u2067 Bob \u2069'), 'Bob');
  assert.equal(displayName('two\nlines\u2028here'), 'two lines here');
  assert.equal(displayName('\u200b\u200b', 'p-1'), 'p-1');
  assert.equal(displayName(''), 'Somebody');
});

test('ordinary names of all scripts stay as they are', () => {
  for (const name of ['Ada Lovelace', 'משה', '王小明', '👩\u200d💻', '<b>Eve</b>']) {
    assert.equal(displayName(name), name);
  }
});

test('a long name is cut in sentences, and never in the middle of a sign', () => {
  assert.equal(shortName('Ada'), 'Ada');
  assert.equal(shortName('🦜'.repeat(50)), `${'🦜'.repeat(39)}…`);
  assert.equal(shortName('\u200b', 'p-1'), 'p-1');
});

test('the last name of somebody is remembered, and not of everybody for ever', () => {
  const book = new NameBook();
  book.note('a', 'Ada');
  book.note('a', 'Ada L.');
  assert.equal(book.nameOf('a'), 'Ada L.');
  assert.equal(book.nameOf('unseen'), 'unseen');
  for (let count = 0; count < 1000; count += 1) book.note(`p${count}`, 'x');
  assert.equal(book.nameOf('a'), 'a');
  assert.equal(book.nameOf('p0'), 'x');
});
