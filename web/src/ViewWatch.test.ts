// Proves when a larger and when a smaller picture is asked for, as elements change.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock } from './testing/FakeClock';
import type { ViewSize } from './VideoChoices';
import { ViewWatch } from './ViewWatch';

const clock = new FakeClock().install();

interface Element {
  clientWidth: number;
  clientHeight: number;
}

/** A page whose elements change when a test says so, in a time of its own. */
function makePage() {
  const told: (string | undefined)[] = [];
  const watchers = new Map<unknown, (isInSight: boolean | undefined) => void>();
  const page = { isHidden: false, changed: () => {}, stopped: 0 };
  const watch = new ViewWatch(
    (view: ViewSize | undefined) => told.push(view && `${view.width}x${view.height}`),
    {
      pixelRatio: () => 2,
      isHidden: () => page.isHidden,
      observe: (element, changed) => {
        watchers.set(element, changed);
        return () => {
          watchers.delete(element);
          page.stopped += 1;
        };
      },
      onHiddenChanged: (changed) => {
        page.changed = changed;
        return () => {
          page.changed = () => {};
        };
      },
    },
    { smallerMilliseconds: 500, hiddenMilliseconds: 3000 },
  );
  return {
    watch,
    page,
    told,
    wait: (milliseconds: number) => clock.pass(milliseconds),
    show: (element: Element, isInSight?: boolean) => watchers.get(element)?.(isInSight),
  };
}

test('more is asked for at once, less after a while, in pixels of the screen', async () => {
  const { watch, told, wait, show } = makePage();
  const element = { clientWidth: 320, clientHeight: 180 };
  watch.add(element);
  await wait(500);
  assert.deepEqual(told, ['640x360']);
  Object.assign(element, { clientWidth: 640, clientHeight: 360 });
  show(element);
  assert.deepEqual(told, ['640x360', '1280x720']);
  Object.assign(element, { clientWidth: 100, clientHeight: 50 });
  show(element);
  await wait(499);
  assert.equal(told.length, 2);
  // Back before the time is up: nothing was to be said.
  Object.assign(element, { clientWidth: 640, clientHeight: 360 });
  show(element);
  await wait(5000);
  assert.equal(told.length, 2);
  Object.assign(element, { clientWidth: 100, clientHeight: 50 });
  show(element);
  await wait(500);
  assert.deepEqual(told, ['640x360', '1280x720', '200x100']);
});

test('what cannot be seen is let go after some seconds and comes back at once', async () => {
  const { watch, page, told, wait, show } = makePage();
  const element = { clientWidth: 320, clientHeight: 180 };
  watch.add(element);
  await wait(500);
  show(element, false);
  await wait(2999);
  assert.equal(told.length, 1);
  await wait(1);
  assert.deepEqual(told, ['640x360', '0x0']);
  show(element, true);
  assert.deepEqual(told, ['640x360', '0x0', '640x360']);
  page.isHidden = true;
  page.changed();
  await wait(3000);
  assert.deepEqual(told.slice(3), ['0x0']);
  page.isHidden = false;
  page.changed();
  assert.deepEqual(told.slice(4), ['640x360']);
});

test('of several elements the largest counts, and without any nothing is known', async () => {
  const { watch, page, told, wait } = makePage();
  const small = { clientWidth: 100, clientHeight: 50 };
  const large = { clientWidth: 640, clientHeight: 360 };
  watch.add(small);
  await wait(500);
  watch.add(large);
  watch.add(large);
  assert.deepEqual(told, ['200x100', '1280x720']);
  watch.remove(large);
  await wait(500);
  assert.deepEqual(told.slice(2), ['200x100']);
  watch.clear();
  await wait(5000);
  assert.deepEqual(told.slice(3), [undefined]);
  assert.equal(page.stopped, 2);
});

test('an element that is shown only with its first picture is not taken for hidden', async () => {
  const { watch, told, wait, show } = makePage();
  const element = { clientWidth: 0, clientHeight: 0, videoWidth: 0 };
  watch.add(element);
  await wait(10_000);
  assert.deepEqual(told, []);
  Object.assign(element, { clientWidth: 320, clientHeight: 180, videoWidth: 640 });
  show(element);
  await wait(500);
  assert.deepEqual(told, ['640x360']);
});
