// Proves how a link counts and takes a session up again (docs/protocol.md, "Breaks").
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { SignalLink } from './SignalLink';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeServer } from './testing/FakeServer';
import { joined } from './testing/room';

new FakeClock().install();

const joinMessage = { type: 'join', room: 'daily', offer: { sdp: '' }, options: {} } as const;
const left = { type: 'participantLeft', participant: 'bob', reason: 'left' };

async function make(): Promise<{ link: SignalLink; log: string[] }> {
  FakeServer.reset(() => undefined);
  const log: string[] = [];
  const link = new SignalLink(
    {
      opened: () => log.push('opened'),
      closed: (error) => log.push(`closed ${error.code}`),
      heard: () => {},
      joined: () => log.push('joined'),
      resumed: () => log.push('resumed'),
      refused: (entry, error) => log.push(`${entry} refused ${error.code}`),
      told: (event) => log.push(event.type),
      disconnected: ({ reason }) => log.push(`disconnected ${reason}`),
    },
    (url) => new FakeServer(url),
  );
  link.open('ws://x');
  await settle();
  return { link, log };
}

/** A link whose session has begun. */
async function begun(): Promise<{ link: SignalLink; log: string[] }> {
  const made = await make();
  made.link.join(joinMessage);
  FakeServer.last.say({ ...joined, id: 1 });
  made.link.begin();
  made.log.length = 0;
  return made;
}

test('messages after joined are counted, but for those that the protocol excepts', async () => {
  const { link } = await begun();
  const server = FakeServer.last;
  assert.equal(link.lastSequence, 0);
  server.say(left, { type: 'pong' }, { type: 'ping' }, { type: 'audioLevels', levels: [] });
  server.say({ type: 'networkQuality', qualities: [] });
  assert.equal(link.lastSequence, 1);
  const asked = link.request({ type: 'setRole', role: 'host' });
  server.say({ type: 'ok', id: 2 }, { type: 'error', code: 1010, message: 'Slow.' });
  server.say({ type: 'somethingNew' });
  await asked;
  assert.equal(link.lastSequence, 4);
  server.say({ type: 'ping' });
  assert.deepEqual(FakeServer.heard('pong'), [
    { type: 'pong', lastSequence: 1 }, { type: 'pong', lastSequence: 4 },
  ]);
  link.close();
});

test('before a session there is nothing to count', async () => {
  const { link } = await make();
  FakeServer.last.say({ type: 'ping' }, left);
  assert.deepEqual(FakeServer.heard('pong'), [{ type: 'pong' }]);
  assert.equal(link.lastSequence, 0);
  link.close();
});

test('after a resume requests wait until all that was missed has come', async () => {
  const { link, log } = await begun();
  FakeServer.last.say(left);
  const first = link.request({ type: 'setRole', role: 'host' });
  const second = link.request({ type: 'unpublish', track: 'TR_1' });
  FakeServer.last.lose();
  link.open('ws://x');
  await settle();
  link.resume();
  const server = FakeServer.last;
  const resume = server.heard[0] ?? {};
  assert.deepEqual(resume, { type: 'resume', id: 4, session: 'SE_1', lastSequence: 1 });
  server.say({ type: 'resumed', id: 4, sequence: 3 }, { type: 'ok', id: 2 });
  await first;
  assert.equal(server.heard.length, 1);
  server.say(left);
  assert.deepEqual(server.heard[1], { type: 'unpublish', track: 'TR_1', id: 3 });
  server.say({ type: 'ok', id: 3 });
  await second;
  assert.equal(link.lastSequence, 4);
  assert.deepEqual(log, [
    'participantLeft', `closed ${errorCodes.linkLost}`, 'opened', 'resumed', 'participantLeft',
  ]);
  link.close();
});

test('a refused entry is told as such, and does not count', async () => {
  const { link, log } = await begun();
  link.open('ws://x');
  await settle();
  link.resume();
  FakeServer.last.say({ type: 'error', id: 2, code: 3006, message: 'Gone.' });
  link.forgetSession();
  link.join(joinMessage);
  FakeServer.last.say({ type: 'error', id: 3, code: 3001, message: 'Full.' });
  assert.deepEqual(log, ['opened', 'resume refused 3006', 'join refused 3001']);
  assert.equal(link.lastSequence, 0);
  link.close();
});

test('an error that names no request refuses the entry', async () => {
  const { link, log } = await begun();
  link.open('ws://x');
  await settle();
  link.resume();
  FakeServer.last.say({ type: 'error', code: 1001, message: 'Too large.' });
  // Nothing is asked for now.
  FakeServer.last.say({ type: 'error', code: 1001, message: 'Too large.' });
  assert.deepEqual(log, ['opened', 'resume refused 1001']);
  link.close();
});

test('an answer to an older entry is passed over', async () => {
  const { link, log } = await begun();
  FakeServer.last.say({ ...joined, id: 1 }, { type: 'resumed', id: 9, sequence: 5 });
  assert.deepEqual(log, []);
  link.close();
});

test('numbers begin anew with a new session', async () => {
  const { link } = await begun();
  FakeServer.last.say(left, left);
  link.forgetSession();
  link.join(joinMessage);
  FakeServer.last.say({ ...joined, id: 2, session: 'SE_2' }, left);
  assert.equal(link.lastSequence, 1);
  link.close();
});

test('nothing that a closed socket still brings is told', async () => {
  const { link, log } = await begun();
  const old = FakeServer.last;
  const { onmessage, onclose } = old;
  link.open('ws://x');
  onmessage?.({ data: JSON.stringify(left) });
  onclose?.({ code: 1006 });
  await settle();
  assert.deepEqual(log, ['opened']);
  assert.ok(old.isClosed);
  link.close();
});
