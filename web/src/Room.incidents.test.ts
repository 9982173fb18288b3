// Proves which incidents of quality a room tells of, and what it passes over.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Room } from './Room';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { except, joined, joinedRoom } from './testing/room';

const clock = new FakeClock().install();

/** What a connection tells of its camera, its microphone and the camera of bob. */
class Figures {
  isCameraSent = true;
  isDecoded = true;
  #count = 0;
  #sent = 0;
  #decoded = 0;

  constructor(connection: FakeConnection) {
    connection.getStats = () => Promise.resolve(this.#next());
  }

  #next(): Map<string, object> {
    this.#count += 1000;
    if (this.isCameraSent) this.#sent += 1000;
    if (this.isDecoded) this.#decoded += 1000;
    const camera = { mid: '1', mediaSourceId: 'S', bytesSent: this.#sent };
    const reports = {
      T: { type: 'transport', packetsReceived: this.#count },
      S: { type: 'media-source', framesPerSecond: 30 },
      M: { type: 'media-source', totalAudioEnergy: 0 },
      O: { type: 'outbound-rtp', ...camera, framesEncoded: this.#sent },
      A: { type: 'outbound-rtp', mid: '0', mediaSourceId: 'M', bytesSent: this.#count },
      I: {
        type: 'inbound-rtp', mid: '5', bytesReceived: this.#count, framesDecoded: this.#decoded,
      },
    };
    const all = Object.entries(reports);
    return new Map(all.map(([id, report]) => [id, { id, timestamp: 0, ...report }]));
  }
}

const started = { mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 7 };

function told(room: Room): string[] {
  const log: string[] = [];
  room.on('qualityIncident', ({ code, participant = 'me', source, recovered }) =>
    log.push(`${code} ${participant} ${source}${recovered ? ' over' : ''}`),
  );
  return log;
}

test('E28, N09: a room tells incidents of its own and others\' tracks, once each', async () => {
  const { room } = await joinedRoom();
  const log = told(room);
  const camera = await room.publishCamera();
  FakeServer.last.say({ type: 'slots', assignments: [started] });
  const figures = new Figures(FakeConnection.last);
  await clock.pass(6_000);
  assert.deepEqual(log, []);
  figures.isCameraSent = figures.isDecoded = false;
  await clock.pass(8_000);
  assert.deepEqual(log.splice(0), ['nothingSent me camera', 'nothingDecoded bob camera']);
  await room.mute(camera);
  await clock.pass(2_000);
  assert.deepEqual(log.splice(0), ['nothingSent me camera over']);
  figures.isDecoded = true;
  await clock.pass(4_000);
  assert.deepEqual(log, ['nothingDecoded bob camera over']);
  await room.publishMicrophone();
  await clock.pass(20_000);
  assert.deepEqual(log.slice(1), ['inputSilent me microphone']);
  await room.leave();
  assert.equal(clock.timerCount, 0);
});

test('what is muted, not started, interrupted or of the audience need not flow', async () => {
  const { room } = await joinedRoom();
  const log = told(room);
  await room.publishMicrophone({ muted: true });
  const figures = new Figures(FakeConnection.last);
  figures.isCameraSent = figures.isDecoded = false;
  // The slot of bob has not started.
  await clock.pass(16_000);
  FakeServer.last.say(
    { type: 'slots', assignments: [started] },
    { type: 'participantInterrupted', participant: 'bob' },
  );
  await clock.pass(6_000);
  FakeServer.last.say(
    { type: 'trackMuted', participant: 'bob', track: 'TR_2', muted: true },
    { type: 'participantResumed', participant: 'bob' },
  );
  await room.publishCamera();
  FakeServer.last.say({ type: 'roleChanged', role: 'audience' });
  await clock.pass(6_000);
  assert.deepEqual(log, []);
  FakeServer.last.say({ type: 'roleChanged', role: 'host' });
  await clock.pass(6_000);
  assert.deepEqual(log, ['nothingSent me camera']);
  await room.leave();
});

test('a broken link is no incident, nor is the beginning of a new session', async () => {
  const { room } = await joinedRoom();
  const log = told(room);
  await room.publishCamera();
  const figures = new Figures(FakeConnection.last);
  await clock.pass(5_000);
  FakeServer.isUp = false;
  FakeServer.last.lose();
  figures.isCameraSent = false;
  await clock.pass(8_000);
  assert.equal(room.connectionState, 'reconnecting');
  assert.deepEqual(log, []);
  FakeServer.isUp = true;
  figures.isCameraSent = true;
  await clock.pass(11_000);
  assert.equal(room.connectionReason, 'resumed');
  // The new peer connection counts from the beginning.
  FakeServer.answer = except(({ type, id }) =>
    type === 'resume' ? { type: 'error', id, code: 3006, message: 'Gone.' } : joinAnew(type, id),
  );
  FakeServer.last.lose();
  await settle();
  assert.equal(room.connectionReason, 'restarted');
  new Figures(FakeConnection.last);
  await clock.pass(6_000);
  assert.deepEqual(log, []);
  await room.leave();
});

function joinAnew(type: string, id: number | undefined): object | undefined {
  return type === 'join' ? { ...joined, id, session: 'SE_2' } : undefined;
}
