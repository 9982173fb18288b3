// Proves that receivers of pictures are let send their time, and nothing else of an offer changes.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withReceiverTimes } from './receiverTimes';

const audio = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 nack'];
const video = [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 nack pli',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
];

test('every format whose pictures are repaired is given the word, in each section', () => {
  const offer = withReceiverTimes([...audio, ...video, ...video, ''].join('\r\n'));
  const changed = [...video.slice(0, 4), 'a=rtcp-fb:96 rrtr', ...video.slice(4)];
  assert.equal(offer, [...audio, ...changed, ...changed, ''].join('\r\n'));
});

test('an offer that has it, or no pictures, stays as it is', () => {
  const offer = withReceiverTimes([...audio, ...video, ''].join('\r\n'));
  assert.equal(withReceiverTimes(offer), offer);
  const sound = [...audio, ''].join('\r\n');
  assert.equal(withReceiverTimes(sound), sound);
});
