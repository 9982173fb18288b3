// Proves that descriptions come back as they went, and that damage and bombs are refused.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { errorCodes } from './errorCodes';
import { deflateAboveBytes, packDescription, unpackDescription } from './sessionDescription';

/** Node before 20.12 has the streams without the format that every present browser has. */
function lacksDeflateRaw(): boolean {
  try {
    return !new CompressionStream('deflate-raw');
  } catch {
    return true;
  }
}

/** The whole of `work` as a stream. */
function streamOf(work: (bytes: Uint8Array) => Uint8Array): unknown {
  return class extends TransformStream<Uint8Array, Uint8Array> {
    constructor() {
      super({ transform: (bytes, controller) => controller.enqueue(work(bytes)) });
    }
  };
}

if (lacksDeflateRaw()) {
  Object.assign(globalThis, {
    CompressionStream: streamOf(deflateRawSync),
    DecompressionStream: streamOf(inflateRawSync),
  });
}

function sdpOf(lines: number): string {
  let text = 'v=0\r\n';
  for (let n = 0; n < lines; n += 1) text += `a=rtpmap:${n % 128} VP8/90000\r\n`;
  return text;
}

test('a small description stays plain', async () => {
  const sdp = sdpOf(10);
  assert.deepEqual(await packDescription(sdp), { sdp });
});

test('a large one is deflated to a fraction and comes back whole', async () => {
  const sdp = sdpOf(1500);
  assert.ok(sdp.length > deflateAboveBytes);
  const body = await packDescription(sdp);
  assert.ok('deflated' in body);
  assert.ok(body.deflated.length < sdp.length / 4);
  assert.equal(await unpackDescription(body), sdp);
});

test('the example of the protocol page is inflated', async () => {
  assert.equal(await unpackDescription({ sdp: 'v=0\r\n' }), 'v=0\r\n');
});

test('what is no base64, no deflate, or cut off is refused', async () => {
  const body = await packDescription(sdpOf(1500));
  assert.ok('deflated' in body);
  const cut = body.deflated.slice(0, 40);
  for (const deflated of ['!!', 'AAAA', '////', cut]) {
    await assert.rejects(unpackDescription({ deflated }), { code: errorCodes.malformedMessage });
  }
});

test('a description that inflates to megabytes is refused', async () => {
  const body = await packDescription('a'.repeat(2_000_000));
  assert.ok('deflated' in body);
  await assert.rejects(unpackDescription(body), { code: errorCodes.malformedMessage });
});
