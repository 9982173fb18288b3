// Proves which tracks are wanted after which choices, and what a new session is asked for.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { choiceRequests, selectedSources, SubscriptionChoices } from './SubscriptionChoices';

test('P10: without a choice the default decides', () => {
  for (const auto of [true, false]) {
    const choices = new SubscriptionChoices(auto);
    assert.equal(choices.wants('bob', 'camera', 'video'), auto);
    assert.deepEqual(choices.requests('bob'), []);
  }
});

test('P11: one kind alone may be wanted of everybody', () => {
  const choices = new SubscriptionChoices('audio');
  assert.ok(choices.wants('bob', 'microphone', 'audio'));
  assert.ok(!choices.wants('bob', 'camera', 'video'));
  assert.ok(choices.wants('bob', 'custom', 'audio'));
  assert.ok(new SubscriptionChoices('video').wants('bob', 'screen', 'video'));
});

test('a choice of one source holds beside one of everything, and the last one wins', () => {
  const choices = new SubscriptionChoices(true);
  choices.set('bob', false, ['screen', 'camera']);
  choices.set('bob', true, ['camera']);
  assert.ok(choices.wants('bob', 'camera', 'video'));
  assert.ok(!choices.wants('bob', 'screen', 'video'));
  assert.ok(choices.wants('cy', 'screen', 'video'));
  choices.set('bob', false, undefined);
  assert.ok(!choices.wants('bob', 'camera', 'video'));
  choices.set('bob', true, ['camera']);
  assert.deepEqual(choices.requests('bob'), [
    { type: 'unsubscribe', participant: 'bob' },
    { type: 'subscribe', participant: 'bob', source: 'camera' },
  ]);
  choices.forget('bob');
  assert.ok(choices.wants('bob', 'screen', 'video'));
});

test('P12, P13: a selection names sources: of a kind, one, or several', () => {
  assert.equal(selectedSources(undefined), undefined);
  assert.deepEqual(selectedSources('audio'), ['microphone', 'screenAudio']);
  assert.deepEqual(selectedSources('video'), ['camera', 'screen']);
  assert.deepEqual(selectedSources('custom'), ['custom']);
  assert.deepEqual(choiceRequests('bob', true, selectedSources(['camera', 'screen'])), [
    { type: 'subscribe', participant: 'bob', source: 'camera' },
    { type: 'subscribe', participant: 'bob', source: 'screen' },
  ]);
  assert.throws(() => selectedSources([]), { code: errorCodes.invalidArgument });
});
