// Proves that an offer names the repair of sound where there is Opus, and nowhere else.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withAudioRepair } from './audioRepair';

const audio = [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63',
  'a=rtpmap:111 opus/48000/2',
  'a=rtcp-fb:111 transport-cc',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:63 red/48000/2',
];
const video = ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack', ''];

test('every Opus format is given the word', () => {
  const offer = withAudioRepair([...audio, ...audio, ...video].join('\r\n'));
  const repaired = [...audio.slice(0, 2), 'a=rtcp-fb:111 nack', ...audio.slice(2)];
  assert.equal(offer, [...repaired, ...repaired, ...video].join('\r\n'));
});

test('an offer that has it stays as it is', () => {
  const offer = withAudioRepair([...audio, ...video].join('\r\n'));
  assert.equal(withAudioRepair(offer), offer);
});

test('an offer without sound stays as it is', () => {
  const offer = video.join('\r\n');
  assert.equal(withAudioRepair(offer), offer);
  assert.equal(withAudioRepair(''), '');
});
