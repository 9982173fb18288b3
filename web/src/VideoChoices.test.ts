// Proves how an application's choice and a view become one request.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { VideoChoices } from './VideoChoices';

const about = { type: 'setQuality', participant: 'bob', source: 'camera' };

test('S02: a quality and a view are told together', () => {
  const choices = new VideoChoices();
  assert.deepEqual(choices.request('bob', 'camera'), { ...about, quality: 'high' });
  choices.setQuality('bob', 'camera', 'low');
  assert.deepEqual(choices.setView('bob', 'camera', { width: 639.6, height: 360 }), {
    ...about,
    quality: 'low',
    width: 640,
    height: 360,
  });
  choices.setQuality('bob', 'camera', 'high');
  assert.deepEqual(choices.request('bob', 'camera'), { ...about, width: 640, height: 360 });
});

test('nothing is asked for where nothing has changed', () => {
  const choices = new VideoChoices();
  assert.equal(choices.setView('bob', 'camera', undefined), undefined);
  assert.ok(choices.setView('bob', 'camera', { width: 100, height: 50 }));
  assert.equal(choices.setView('bob', 'camera', { width: 100.2, height: 50 }), undefined);
  assert.deepEqual(choices.setView('bob', 'camera', undefined), { ...about, quality: 'high' });
});

test('a view is cut to what a server takes, and what was chosen is restored or forgotten', () => {
  const choices = new VideoChoices();
  choices.setView('bob', 'screen', { width: 90_000, height: -3 });
  assert.equal(choices.isHidden('bob', 'screen'), true);
  assert.equal(choices.isHidden('bob', 'camera'), false);
  choices.setQuality('bob', 'camera', 'medium');
  choices.setQuality('cy', 'camera', 'high');
  assert.deepEqual(choices.requests('bob'), [
    { ...about, source: 'screen', width: 16_384, height: 0 },
    { ...about, quality: 'medium' },
  ]);
  assert.deepEqual(choices.requests('cy'), []);
  choices.forget('bob');
  assert.deepEqual(choices.requests('bob'), []);
});
