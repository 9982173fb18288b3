// Proves order, waiting, refusing, closing and reopening of data streams.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ClientRequest } from './clientMessages';
import { DataStream, packetBytesMax, queuedPacketsMax } from './DataStream';
import { errorCodes } from './errorCodes';
import { MartletError } from './MartletError';
import { FakeClock, settle } from './testing/FakeClock';

const clock = new FakeClock().install();

type Request = ClientRequest & { data?: string; userTimestamp?: number };

/** A stream whose requests are answered by hand, in their order. */
function make(): {
  stream: DataStream;
  asked: Request[];
  answer: (error?: MartletError, stream?: number) => Promise<void>;
} {
  const asked: Request[] = [];
  const waiting: { done: (reply: object) => void; fail: (error: MartletError) => void }[] = [];
  const stream = new DataStream('reliableOrdered', 1, {
    request: (request) => {
      asked.push(request);
      return new Promise((done, fail) => waiting.push({ done, fail }));
    },
    closed: () => {},
  });
  const answer = (error?: MartletError, id?: number) => {
    const next = waiting.shift();
    if (error) next?.fail(error);
    else next?.done(id === undefined ? {} : { stream: id });
    return settle();
  };
  return { stream, asked, answer };
}

function tooFast(retryAfterMilliseconds?: number): MartletError {
  return new MartletError('dataRateExceeded', 'Slow.', { retryAfterMilliseconds });
}

const lost = new MartletError('linkLost', 'Lost.');

test('packets leave one after the other, in the order of the calls', async () => {
  const { stream, asked, answer } = make();
  const first = stream.send('hello', { userTimestamp: 7 });
  const second = stream.send(new Uint8Array([0, 255]));
  const third = stream.send(new Uint8Array([1]).buffer);
  await settle();
  assert.deepEqual(asked, [{ type: 'sendData', stream: 1, data: 'aGVsbG8=', userTimestamp: 7 }]);
  await answer();
  await first;
  assert.equal(asked[1]?.data, 'AP8=');
  await answer();
  await answer();
  await Promise.all([second, third]);
  assert.equal(asked.length, 3);
});

test('D06, D08: send waits as long as it is told, and what comes after it waits too', async () => {
  const { stream, asked, answer } = make();
  const first = stream.send('a');
  const second = stream.send('b');
  await settle();
  await answer(tooFast(300));
  await clock.pass(299);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.deepEqual(asked.map(({ data }) => data), ['YQ==', 'YQ==']);
  await answer();
  await answer();
  await Promise.all([first, second]);
  assert.deepEqual(asked.map(({ data }) => data), ['YQ==', 'YQ==', 'Yg==']);
});

test('trySend waits for nothing, and says when to try again', async () => {
  const { stream, asked, answer } = make();
  const trying = stream.trySend('a');
  const rejected = assert.rejects(trying, {
    code: errorCodes.dataRateExceeded, retryAfterMilliseconds: 250,
  });
  await settle();
  await answer(tooFast(250));
  await rejected;
  const waiting = stream.send('b');
  await settle();
  await answer(tooFast(100));
  // It would overtake what waits.
  await assert.rejects(stream.trySend('c'), {
    code: errorCodes.dataRateExceeded, retryAfterMilliseconds: 100,
  });
  await clock.pass(100);
  await answer();
  await waiting;
  const last = stream.trySend('d');
  await settle();
  await answer();
  await last;
  assert.equal(asked.length, 4);
});

test('D07: what the server refuses otherwise is refused, and the next packet goes', async () => {
  const { stream, answer } = make();
  const refused = assert.rejects(stream.send('a'), { code: errorCodes.packetTooLarge });
  const next = stream.send('b');
  await settle();
  await answer(new MartletError(7002, 'Too large.'));
  await refused;
  await answer();
  await next;
  const huge = new Uint8Array(packetBytesMax + 1);
  await assert.rejects(stream.send(huge), { code: errorCodes.packetTooLarge });
});

test('waiting can be given up; so many packets may wait, and not one more', async () => {
  const { stream, asked, answer } = make();
  const controller = new AbortController();
  const given = assert.rejects(stream.send('a', { signal: controller.signal }), {
    code: errorCodes.aborted,
  });
  await settle();
  await answer(tooFast(10_000));
  controller.abort();
  await given;
  assert.equal(asked.length, 1);
  const all = [];
  for (let n = 0; n < queuedPacketsMax; n += 1) all.push(stream.send('b'));
  await assert.rejects(stream.send('c'), { code: errorCodes.dataRateExceeded });
  const ended = Promise.all(all.map((one) => assert.rejects(one)));
  stream.end();
  await answer(lost);
  await ended;
});

test('a closed stream sends nothing more', async () => {
  const { stream, asked, answer } = make();
  const waiting = assert.rejects(stream.send('a'), { code: errorCodes.streamNotFound });
  await settle();
  await answer(tooFast(1_000));
  const closing = stream.close();
  assert.ok(!stream.isOpen);
  await waiting;
  await answer();
  await closing;
  await stream.close();
  await assert.rejects(stream.send('b'), { code: errorCodes.streamNotFound });
  assert.deepEqual(asked.map(({ type }) => type), ['sendData', 'closeStream']);
  assert.equal(clock.timerCount, 0);
});

test('after a restart it is opened anew: what was under way is lost, the rest goes', async () => {
  const { stream, asked, answer } = make();
  const under = assert.rejects(stream.send('a'), { code: errorCodes.linkLost });
  const behind = stream.send('b');
  await settle();
  stream.interrupt();
  await answer(lost);
  await under;
  assert.equal(asked.length, 1);
  const opening = stream.reopen();
  await answer(undefined, 4);
  await opening;
  assert.equal(stream.id, 4);
  await answer();
  await behind;
  assert.deepEqual(asked.slice(1), [
    { type: 'openStream', delivery: 'reliableOrdered' },
    { type: 'sendData', stream: 4, data: 'Yg==' },
  ]);
});

test('a stream that cannot be opened anew is closed, unless the link broke once more', async () => {
  const { stream, answer } = make();
  stream.interrupt();
  const first = stream.reopen();
  await answer(lost);
  await first;
  assert.ok(stream.isOpen);
  const waiting = assert.rejects(stream.send('a'), { code: errorCodes.permissionDenied });
  const second = assert.rejects(stream.reopen(), { code: errorCodes.permissionDenied });
  await answer(new MartletError('permissionDenied', 'No.'));
  await second;
  await waiting;
  assert.ok(!stream.isOpen);
});
