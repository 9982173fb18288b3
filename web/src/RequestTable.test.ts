// Proves requests and answers, over breaks and ends of sessions.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ClientMessage } from './clientMessages';
import { errorCodes } from './errorCodes';
import { MartletError } from './MartletError';
import { RequestTable, requestsMax } from './RequestTable';
import { FakeClock } from './testing/FakeClock';

const clock = new FakeClock().install();

function make(): { table: RequestTable; sent: ClientMessage[] } {
  const sent: ClientMessage[] = [];
  const table = new RequestTable((message) => sent.push(message));
  table.open();
  return { table, sent };
}

const lost = new MartletError('linkLost', 'Lost.');

test('a request is answered by the message of its number', async () => {
  const { table, sent } = make();
  const first = table.request({ type: 'unpublish', track: 'TR_1' });
  const second = table.request({ type: 'publish', source: 'camera', mid: '1' });
  assert.deepEqual(sent, [
    { type: 'unpublish', track: 'TR_1', id: 1 },
    { type: 'publish', source: 'camera', mid: '1', id: 2 },
  ]);
  table.answer({ type: 'ok', id: 2, track: 'TR_7' });
  table.answer({ type: 'ok', id: 1 });
  table.answer({ type: 'ok', id: 77 });
  assert.equal((await second).track, 'TR_7');
  assert.equal((await first).track, undefined);
  assert.equal(clock.timerCount, 0);
});

test('an error answers with its code, and an answer of another type is refused', async () => {
  const { table } = make();
  const refused = table.request({ type: 'leave' });
  table.refuse(1, new MartletError(4004, 'No.'));
  await assert.rejects(refused, { code: errorCodes.trackNotFound, message: 'No.' });
  const wrong = table.request({ type: 'offer', offer: { sdp: '' } });
  table.answer({ type: 'ok', id: 2 });
  await assert.rejects(wrong, { code: errorCodes.malformedMessage });
});

test('what has no answer is sent again under its number when the session is resumed', async () => {
  const { table, sent } = make();
  const answered = table.request({ type: 'setRole', role: 'host' });
  const unanswered = table.request({ type: 'unpublish', track: 'TR_1' });
  table.suspend();
  const asked = table.request({ type: 'unpublish', track: 'TR_2' });
  assert.equal(sent.length, 2);
  await clock.pass(40_000);
  table.answer({ type: 'ok', id: 1 });
  await answered;
  table.open();
  assert.deepEqual(sent.slice(2), [
    { type: 'unpublish', track: 'TR_1', id: 2 },
    { type: 'unpublish', track: 'TR_2', id: 3 },
  ]);
  table.answer({ type: 'ok', id: 2 });
  table.answer({ type: 'ok', id: 3 });
  await Promise.all([unanswered, asked]);
});

test('what was asked of a session that is over is lost, what was asked since is not', async () => {
  const { table, sent } = make();
  const old = table.request({ type: 'setRole', role: 'host' });
  table.suspend();
  table.abandon();
  const young = table.request({ type: 'unpublish', track: 'TR_2' });
  const rejected = assert.rejects(old, { code: errorCodes.linkLost });
  table.rejectAbandoned(lost);
  await rejected;
  table.open();
  assert.deepEqual(sent.slice(1), [{ type: 'unpublish', track: 'TR_2', id: 2 }]);
  const end = assert.rejects(young, { code: errorCodes.linkLost });
  table.rejectAll(lost);
  await end;
  assert.equal(clock.timerCount, 0);
});

test('a request without answer times out, and its late answer harms nobody', async () => {
  const { table } = make();
  const request = assert.rejects(table.request({ type: 'leave' }, 5), {
    code: errorCodes.requestTimedOut,
  });
  await clock.pass(5);
  await request;
  table.answer({ type: 'ok', id: 1 });
  assert.equal(table.count, 0);
});

test('so many requests may wait, and not one more', async () => {
  const { table } = make();
  const all = [];
  for (let n = 0; n < requestsMax; n += 1) all.push(table.request({ type: 'leave' }));
  await assert.rejects(table.request({ type: 'leave' }), { code: errorCodes.tooManyRequests });
  const rejected = Promise.all(all.map((one) => assert.rejects(one)));
  table.rejectAll(lost);
  await rejected;
});
