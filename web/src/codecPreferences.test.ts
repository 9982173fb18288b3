// Proves which codecs of a browser's list are offered, and in which order.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extensionDirection, preferredCodecs } from './codecPreferences';

const chromium = [
  { mimeType: 'video/VP8' },
  { mimeType: 'video/rtx' },
  h264('0', '42001f'),
  h264('1', '42001f'),
  h264('1', '42e01f'),
  h264('0', '42e01f'),
  h264('1', '4d001f'),
  { mimeType: 'video/AV1', sdpFmtpLine: 'level-idx=5;profile=0;tier=0' },
  { mimeType: 'video/AV1', sdpFmtpLine: 'level-idx=5;profile=1;tier=0' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
  { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
  { mimeType: 'video/red' },
  { mimeType: 'video/ulpfec' },
  { mimeType: 'video/flexfec-03' },
];

function h264(mode: string, profile: string) {
  return {
    mimeType: 'video/H264',
    sdpFmtpLine: `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`,
  };
}

function names(codecs: { mimeType: string }[]): string[] {
  return codecs.map((codec) => codec.mimeType.slice(6));
}

test('video: one of each codec, then retransmissions', () => {
  assert.deepEqual(names(preferredCodecs(chromium, 'video')), ['VP8', 'VP9', 'H264', 'AV1', 'rtx']);
});

test('the codec asked for comes first', () => {
  const order = names(preferredCodecs(chromium, 'video', 'av1'));
  assert.deepEqual(order, ['AV1', 'VP8', 'VP9', 'H264', 'rtx']);
});

test('a codec the browser lacks is left out, and without any nothing is chosen', () => {
  const order = names(preferredCodecs(chromium.slice(0, 2), 'video', 'h264'));
  assert.deepEqual(order, ['VP8', 'rtx']);
  assert.deepEqual(preferredCodecs([{ mimeType: 'video/H265' }], 'video'), []);
});

test('audio: Opus, then RED', () => {
  const codecs = ['audio/PCMU', 'audio/red', 'audio/G722', 'audio/opus', 'audio/CN'];
  const chosen = preferredCodecs(codecs.map((mimeType) => ({ mimeType })), 'audio');
  assert.deepEqual(names(chosen), ['opus', 'red']);
});

test('layers of AV1 are named to receivers and by senders of AV1, of whom VP8 would lose its numbers', () => {
  const uri =
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';
  assert.equal(extensionDirection(uri, true), 'sendrecv');
  assert.equal(extensionDirection(uri, false), 'stopped');
  assert.equal(extensionDirection('urn:ietf:params:rtp-hdrext:sdes:mid', false), undefined);
  assert.equal(extensionDirection('urn:ietf:params:rtp-hdrext:toffset', true), 'stopped');
});
