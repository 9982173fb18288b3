// Proves that tiles fit, keep their shape, and are as large as can be.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { gridLayout } from './gridLayout';

test('two tiles stand side by side on a desk and above each other on a phone', () => {
  assert.equal(gridLayout(2, 1248, 560, 12).columns, 2);
  assert.equal(gridLayout(2, 300, 420, 8).columns, 1);
});

test('up to 16 tiles fit into any usual window with its gaps', () => {
  for (const [width, height] of [[1248, 560], [1888, 900], [748, 900]] as const) {
    for (let count = 1; count <= 16; count += 1) {
      const size = gridLayout(count, width, height, 12);
      const rows = Math.ceil(count / size.columns);
      assert.ok(size.columns * size.width + (size.columns - 1) * 12 <= width);
      assert.ok(rows * size.height + (rows - 1) * 12 <= height);
      assert.ok(Math.abs(size.width / size.height - 16 / 9) < 0.05);
    }
  }
});

test('other shapes are used where they make tiles larger', () => {
  const wide = gridLayout(4, 300, 420, 8);
  const free = gridLayout(4, 300, 420, 8, [16 / 9, 4 / 3, 1]);
  assert.ok(free.width * free.height > wide.width * wide.height);
});

test('no room, or nobody, makes no nonsense', () => {
  const sizes = [gridLayout(0, 100, 100, 8), gridLayout(3, 0, 0, 8), gridLayout(500, 9, 9, 8)];
  for (const size of sizes) {
    assert.ok(size.width >= 1 && size.height >= 1 && size.columns >= 1);
  }
});

test('more tiles than can be read at once scroll instead of shrinking', () => {
  const size = gridLayout(60, 300, 400, 8);
  assert.ok(size.height >= 80 && size.columns * (size.width + 8) - 8 <= 300);
});
