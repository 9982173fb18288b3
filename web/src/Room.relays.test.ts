// Proves when relays are tried: not where a direct way is found, soon where none is, at once where they are wanted; and
// that media moves to other credentials before those it came by end.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { JoinOptions } from './joinOptions';
import { relayPatienceMilliseconds } from './RelayFallback';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { except, join, joined, makeRoom } from './testing/room';

const clock = new FakeClock().install();

/** Relays as the server names them, other ones each time. */
function relay(n: number) {
  return { urls: ['turn:t:3478?transport=udp', 'turns:t:443'], username: `${n}:ada`, credential: `c${n}` };
}

function naming() {
  let count = 0;
  return except(({ type, id }) => {
    if (type === 'resume') return { type: 'error', id, code: 3006, message: 'Gone.' };
    if (type !== 'join') return undefined;
    count += 1;
    return { ...joined, id, iceServers: [relay(count)] };
  });
}

/** A room whose media finds a way, or none. */
async function roomWith(state: string, options: Partial<JoinOptions> = {}, answer = naming()) {
  const { room, log } = makeRoom(answer);
  FakeConnection.isFlowing = state === 'connected';
  const joining = room.join({ ...join, ...options });
  FakeConnection.last.iceConnectionState = state;
  await joining;
  await settle();
  log.length = 0;
  return { room, log };
}

/** The relays that a connection was told to try, each time. */
function tried(connection = FakeConnection.last) {
  return connection.configurations.map(({ given }) => given.iceServers);
}

test('where a direct way is found, relays are asked for nothing', async () => {
  const { room } = await roomWith('connected');
  await clock.pass(5_000);
  assert.deepEqual(tried(), [undefined]);
  assert.equal(room.negotiationCount, 1);
  await room.leave();
  assert.equal(clock.timerCount, 0);
});

test('where none is found for a while, relays are tried with one more exchange', async () => {
  const { room, log } = await roomWith('checking');
  await clock.pass(relayPatienceMilliseconds - 1);
  assert.deepEqual(tried(), [undefined]);
  await clock.pass(1);
  assert.deepEqual(tried(), [undefined, [relay(1)]]);
  // They are looked for by the offer that follows, which begins ICE anew.
  assert.equal(FakeConnection.last.configurations[1]?.restarts, 0);
  assert.equal(FakeConnection.last.restartCount, 1);
  assert.equal(FakeConnection.last.configurations[1]?.given.bundlePolicy, 'max-bundle');
  assert.equal(FakeServer.heard('offer').length, 1);
  FakeConnection.last.iceConnectionState = 'connected';
  FakeConnection.isFlowing = true;
  await clock.pass(5_000);
  assert.equal(room.negotiationCount, 2);
  // The application need not know.
  assert.deepEqual(log, []);
  await room.leave();
});

test('who wants relays alone gets them without waiting', async () => {
  const rtcConfiguration: RTCConfiguration = { iceTransportPolicy: 'relay' };
  const { room } = await roomWith('new', { rtcConfiguration });
  assert.deepEqual(tried(), [undefined, [relay(1)]]);
  assert.equal(FakeConnection.last.configurations[1]?.given.iceTransportPolicy, 'relay');
  assert.equal(room.negotiationCount, 2);
  await room.leave();
});

test('relays of the application are there from the first offer, and the only ones', async () => {
  const own = [{ urls: 'turn:own', username: 'u', credential: 'c' }];
  for (const iceTransportPolicy of ['all', 'relay'] as const) {
    const rtcConfiguration: RTCConfiguration = { iceServers: own, iceTransportPolicy };
    const { room } = await roomWith('checking', { rtcConfiguration });
    await clock.pass(5_000);
    assert.deepEqual(tried(), [own]);
    assert.equal(room.negotiationCount, 1);
    await room.leave();
  }
});

test('where the server names none, nothing is tried', async () => {
  const { room } = await roomWith('checking', {}, except(() => undefined));
  await clock.pass(5_000);
  assert.deepEqual(tried(), [undefined]);
  assert.equal(FakeConnection.last.restartCount, 0);
  await room.leave();
});

test('a path that is lost later is looked for through relays as well', async () => {
  const { room, log } = await roomWith('connected');
  await clock.pass(5_000);
  FakeConnection.isFlowing = false;
  FakeConnection.last.iceConnectionState = 'disconnected';
  await clock.pass(4_000);
  assert.deepEqual(log, ['reconnecting mediaLost']);
  assert.deepEqual(tried(), [undefined, [relay(1)]]);
  await room.leave();
});

test('who needed relays joins anew with them, and tries the new ones where they do not help', async () => {
  const { room } = await roomWith('checking');
  await clock.pass(relayPatienceMilliseconds);
  FakeConnection.last.iceConnectionState = 'connected';
  FakeConnection.isFlowing = true;
  await clock.pass(1_000);
  FakeServer.last.lose();
  await settle();
  assert.equal(FakeConnection.all.length, 2);
  assert.deepEqual(tried(), [[relay(1)]]);
  FakeConnection.last.iceConnectionState = 'checking';
  FakeConnection.isFlowing = false;
  await clock.pass(relayPatienceMilliseconds);
  assert.deepEqual(tried(), [[relay(1)], [relay(2)]]);
  await room.leave();
  assert.equal(clock.timerCount, 0);
});

/** What a connection's figures say of the way that media takes. */
function takes(candidateType: string, connection = FakeConnection.last) {
  let packets = 0;
  connection.getStats = () => {
    packets += 25;
    return Promise.resolve(
      new Map<string, object>([
        ['T', { id: 'T', type: 'transport', timestamp: performance.now(), packetsReceived: packets,
          selectedCandidatePairId: 'P' }],
        ['P', { id: 'P', type: 'candidate-pair', timestamp: 0, localCandidateId: 'L' }],
        ['L', { id: 'L', type: 'local-candidate', timestamp: 0, candidateType }],
      ]),
    );
  };
}

function renew(n: number) {
  FakeServer.last.say({ type: 'iceServersChanged', iceServers: [relay(n)] });
  return settle();
}

test('a call through a relay moves to the new credentials with one exchange, and says nothing', async () => {
  const { room, log } = await roomWith('checking');
  await clock.pass(relayPatienceMilliseconds);
  FakeConnection.last.iceConnectionState = 'connected';
  FakeConnection.isFlowing = true;
  takes('relay');
  await clock.pass(1_000);
  await renew(2);
  assert.deepEqual(tried(), [undefined, [relay(1)], [relay(2)]]);
  assert.equal(FakeConnection.last.restartCount, 2);
  assert.equal(FakeServer.heard('offer').length, 2);
  // The same again changes nothing that is tried, but each renewal is a new one.
  await renew(3);
  assert.deepEqual(tried().slice(-1), [[relay(3)]]);
  assert.equal(room.negotiationCount, 4);
  assert.deepEqual(log, []);
  await room.leave();
  assert.equal(clock.timerCount, 0);
});

test('a call that takes a direct way goes on, and would try the new credentials', async () => {
  const { room } = await roomWith('connected');
  await renew(2);
  assert.deepEqual(tried(), [undefined]);
  // As well where relays were tried and a direct way was found after all.
  FakeConnection.last.iceConnectionState = 'disconnected';
  FakeConnection.isFlowing = false;
  await clock.pass(4_000);
  assert.deepEqual(tried(), [undefined, [relay(2)]]);
  FakeConnection.last.iceConnectionState = 'connected';
  FakeConnection.isFlowing = true;
  takes('host');
  await clock.pass(1_000);
  const { restartCount } = FakeConnection.last;
  await renew(3);
  assert.equal(FakeConnection.last.restartCount, restartCount);
  assert.equal(tried().length, 2);
  await room.leave();
});

test('who joins anew with relays does so with the newest credentials', async () => {
  const { room } = await roomWith('checking');
  await clock.pass(relayPatienceMilliseconds);
  FakeConnection.last.iceConnectionState = 'connected';
  FakeConnection.isFlowing = true;
  takes('relay');
  await renew(7);
  FakeServer.last.lose();
  await settle();
  assert.equal(FakeConnection.all.length, 2);
  assert.deepEqual(tried(), [[relay(7)]]);
  await room.leave();
});

test('relays of the application stay the only ones', async () => {
  const own = [{ urls: 'turn:own', username: 'u', credential: 'c' }];
  const { room } = await roomWith('connected', { rtcConfiguration: { iceServers: own } });
  takes('relay');
  await renew(2);
  assert.deepEqual(tried(), [own]);
  assert.equal(FakeConnection.last.restartCount, 0);
  await room.leave();
});
