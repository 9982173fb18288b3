// Proves that messages leave in order, wait where they must, and never vanish unsaid.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MartletError } from '../../src/index';
import { deliveryText, Outbox, outboxMax } from './Outbox';
import type { Outgoing } from './Outbox';

type Answer = MartletError | 'ok' | 'never';

/** A room that gives these answers one after the other, then takes everything. */
function outbox(...answers: Answer[]) {
  const sent: { id: string; content: string; to?: readonly string[] }[] = [];
  const waits: number[] = [];
  const moves: string[] = [];
  let ids = 0;
  const box = new Outbox({
    send: async (message) => {
      sent.push(message);
      const answer = answers.shift() ?? 'ok';
      if (answer === 'never') return new Promise(() => {});
      if (answer !== 'ok') throw answer;
      return { id: message.id, unreachable: [] };
    },
    wait: async (milliseconds) => void waits.push(milliseconds),
    newID: () => `m${(ids += 1)}`,
    changed: ({ id, delivery }: Outgoing) => void moves.push(`${id} ${delivery.type}`),
  });
  return { box, sent, waits, moves };
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 5));

test('messages leave one after the other, to all or to one', async () => {
  const { box, sent, moves } = outbox();
  box.add('one');
  box.add('two', 'bob');
  await settled();
  assert.deepEqual(sent, [
    { id: 'm1', content: 'one' },
    { id: 'm2', content: 'two', to: ['bob'] },
  ]);
  assert.deepEqual(moves, ['m1 sending', 'm1 sent', 'm2 sending', 'm2 sent']);
});

test('what is too fast waits as long as the server says, and nothing overtakes it', async () => {
  const refusal = new MartletError('dataRateExceeded', '', { retryAfterMilliseconds: 700 });
  const { box, sent, waits, moves } = outbox(refusal);
  box.add('one');
  box.add('two');
  await settled();
  assert.deepEqual(sent.map(({ content }) => content), ['one', 'one', 'two']);
  assert.deepEqual(waits, [800]);
  assert.deepEqual(moves.slice(0, 4), ['m1 sending', 'm1 waiting', 'm1 sending', 'm1 sent']);
});

test('what cannot be sent says why, and the next goes on', async () => {
  const { box, sent } = outbox(new MartletError('packetTooLarge', ''));
  const long = box.add('long');
  const short = box.add('short');
  await settled();
  assert.equal(deliveryText(long.delivery, false), 'Not sent: it is too long. Shorten it.');
  assert.deepEqual(short.delivery, { type: 'sent' });
  assert.equal(sent.length, 2);
});

test('what may have arrived is sent again under the same id, if one wants', async () => {
  const { box, sent } = outbox(new MartletError('linkLost', ''));
  const message = box.add('one');
  await settled();
  assert.equal(deliveryText(message.delivery, false), 'Perhaps not sent: the connection broke.');
  box.retry(message);
  await settled();
  assert.deepEqual(sent.map(({ id }) => id), ['m1', 'm1']);
  assert.deepEqual(message.delivery, { type: 'sent' });
});

test('the end of the call ends what waits, and says so', async () => {
  const { box, sent } = outbox('never');
  const first = box.add('one');
  const second = box.add('two');
  await settled();
  assert.equal(deliveryText(first.delivery, true), 'Waits for the connection…');
  box.clear();
  assert.equal(deliveryText(first.delivery, false), 'Perhaps not sent: the call ended.');
  assert.equal(deliveryText(second.delivery, false), 'Not sent: the call ended.');
  assert.equal(sent.length, 1);
});

test('so many may wait and no more', () => {
  const { box } = outbox('never');
  for (let count = 0; count < outboxMax; count += 1) {
    assert.equal(box.isFull, false);
    box.add('x');
  }
  assert.equal(box.isFull, true);
});
