// Proves how a room sends and tells metadata, with a made-up worker in a made-up browser.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { workerLoadMilliseconds } from './MetadataChannel';
import type { SendMetadata, TransformPurpose, WorkerNews } from './metadataProtocol';
import { Room } from './Room';
import { FakeClock, settle } from './testing/FakeClock';
import { FakeConnection } from './testing/FakeMedia';
import { FakeServer } from './testing/FakeServer';
import { except, join, joined, joinedRoom, makeRoom } from './testing/room';

const clock = new FakeClock().install();

class FakeWorker {
  static last: FakeWorker | undefined;
  static answer: 'taken' | 'full' | undefined = 'taken';
  static loads = true;
  onmessage: ((event: { data: WorkerNews }) => void) | null = null;
  onerror: (() => void) | null = null;
  isEnded = false;
  readonly heard: SendMetadata[] = [];
  readonly address: string;

  constructor(address: string) {
    this.address = address;
    FakeWorker.last = this;
    if (FakeWorker.loads) queueMicrotask(() => this.tell({ type: 'ready' }));
  }

  tell(data: WorkerNews): void {
    this.onmessage?.({ data });
  }

  postMessage(message: SendMetadata): void {
    this.heard.push(message);
    const { request } = message;
    const type = FakeWorker.answer;
    if (type) queueMicrotask(() => this.tell({ type, request }));
  }

  terminate(): void {
    this.isEnded = true;
  }
}

class FakeTransform {
  readonly purpose: TransformPurpose;

  constructor(_worker: FakeWorker, purpose: TransformPurpose) {
    this.purpose = purpose;
  }
}

function install(isThere = true): void {
  FakeWorker.last = undefined;
  FakeWorker.answer = 'taken';
  FakeWorker.loads = true;
  Object.assign(globalThis, {
    Worker: FakeWorker,
    RTCRtpScriptTransform: isThere ? FakeTransform : undefined,
  });
}

/** The transforms of the newest connection, by mid. */
function transforms(): { [mid: string]: TransformPurpose } {
  const result: { [mid: string]: TransformPurpose } = {};
  for (const { mid, sender, receiver } of FakeConnection.last.sections) {
    for (const half of [sender, receiver] as { transform?: FakeTransform }[]) {
      if (half.transform) result[mid ?? '?'] = half.transform.purpose;
    }
  }
  return result;
}

async function cameraRoom(codec = 'video/H264') {
  const made = await joinedRoom(undefined, { pictureMetadata: true, videoCodec: 'h264' });
  for (const section of FakeConnection.last.sections) section.sender.codecs = [{ mimeType: codec }];
  return { ...made, camera: await made.room.publishCamera() };
}

test('without being asked for it costs nothing: no worker, no transform', async () => {
  install();
  const { room } = await joinedRoom();
  assert.equal(FakeWorker.last, undefined);
  assert.deepEqual(transforms(), {});
  const camera = await room.publishCamera();
  await assert.rejects(camera.sendMetadata('a'), { code: 1005 });
  await room.leave();
});

test('D19: all pictures pass through the worker from the start, sound does not', async () => {
  install();
  const { room } = await joinedRoom(undefined, { pictureMetadata: true });
  assert.ok(FakeWorker.last?.address.endsWith('/martlet-metadata.js'));
  const found = transforms();
  assert.deepEqual(found['1'], { direction: 'send', queue: 'camera' });
  assert.deepEqual(found['2'], { direction: 'send', queue: 'screen' });
  assert.deepEqual(found['5'], { direction: 'receive', section: 0 });
  const pictures = FakeConnection.last.sections.filter(({ receiver }) => receiver.track.kind === 'video');
  assert.equal(Object.keys(found).length, pictures.length);
  await room.leave();
  assert.ok(FakeWorker.last?.isEnded);
});

test('D19 to D23: a message is handed to the worker; what is out of bounds is refused', async () => {
  install();
  const { room, camera } = await cameraRoom();
  await camera.sendMetadata('é', { repeats: 3, delayMilliseconds: 50, keyFramesOnly: true });
  assert.deepEqual(FakeWorker.last?.heard, [
    {
      request: 1, queue: 'camera', data: Uint8Array.of(0xc3, 0xa9), repeats: 3,
      delayMilliseconds: 50, keyFramesOnly: true,
    },
  ]);
  await assert.rejects(camera.sendMetadata(''), { code: 1004 });
  await assert.rejects(camera.sendMetadata('a', { repeats: 31 }), { code: 1004 });
  FakeWorker.answer = 'full';
  await assert.rejects(camera.sendMetadata('a'), { code: 7003, retryAfterMilliseconds: 100 });
  FakeWorker.answer = undefined;
  const unanswered = camera.sendMetadata('a');
  await settle();
  const rejected = assert.rejects(unanswered, { code: 6001 });
  await room.leave();
  await rejected;
  await assert.rejects(camera.sendMetadata('a'), { code: 4004 });
});

test('D19: sound and pictures of other codecs carry none', async () => {
  install();
  const { room, camera } = await cameraRoom('video/VP8');
  await assert.rejects(camera.sendMetadata('a'), { code: 1004 });
  const microphone = await room.publishMicrophone();
  await assert.rejects(microphone.sendMetadata('a'), { code: 1004 });
  await room.leave();
});

test('D24: what comes is told with whose it is, once, and across a new session', async () => {
  install();
  const slot = { mid: '5', participant: 'bob', track: 'TR_2', rtpTimestamp: 90 };
  const started = { ...joined, slots: [slot] };
  const answer = except(({ type, id }) => {
    if (type === 'resume') return { type: 'error', id, code: 3006, message: 'No.' };
    return type === 'join' ? { ...started, id } : undefined;
  });
  const { room } = await joinedRoom(answer, { pictureMetadata: true });
  const told: string[] = [];
  room.on('metadataReceived', ({ participant, track, data, rtpTimestamp }) =>
    told.push(`${participant.id} ${track.id} ${data[0]} ${rtpTimestamp}`),
  );
  const messages = [{ id: 'a', data: Uint8Array.of(7) }];
  const received = { type: 'received', section: 0, rtpTimestamp: 100, messages } as const;
  FakeWorker.last?.tell(received);
  FakeWorker.last?.tell(received);
  assert.deepEqual(told, ['bob TR_2 7 100']);
  FakeServer.last.lose();
  await clock.pass(1000);
  assert.equal(FakeConnection.all.length, 2);
  FakeWorker.last?.tell({ ...received, messages: [{ id: 'b', data: Uint8Array.of(8) }] });
  assert.equal(told.length, 1);
  const purpose = transforms()['5'];
  const section = purpose?.direction === 'receive' ? purpose.section : -1;
  assert.ok(section > 0);
  FakeWorker.last?.tell({ ...received, section, messages: [{ id: 'c', data: Uint8Array.of(9) }] });
  assert.deepEqual(told.slice(1), ['bob TR_2 9 100']);
  await room.leave();
});

test('where it cannot be had, joining says so', async () => {
  install(false);
  const { room } = makeRoom();
  assert.equal(Room.supportsPictureMetadata, false);
  await assert.rejects(room.join({ ...join, pictureMetadata: true }), { code: 6005 });
  install();
  assert.equal(Room.supportsPictureMetadata, true);
  FakeWorker.loads = false;
  const failing = assert.rejects(room.join({ ...join, pictureMetadata: { workerURL: 'http://h/w.js' } }), {
    code: 6009,
  });
  await settle();
  FakeWorker.last?.onerror?.();
  await failing;
  assert.equal(room.connectionState, 'disconnected');
  const silent = assert.rejects(room.join({ ...join, pictureMetadata: true, timeoutMilliseconds: 60_000 }), {
    code: 6009,
  });
  await clock.pass(workerLoadMilliseconds);
  await silent;
  assert.ok(FakeWorker.last?.isEnded);
  const wrong = { workerURL: 5 } as unknown as { workerURL: string };
  await assert.rejects(room.join({ ...join, pictureMetadata: wrong }), { code: 1004 });
});
