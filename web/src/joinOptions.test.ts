// Proves which wishes for layers are taken, and what becomes of them.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ScalabilityMode } from './codecPreferences';
import { errorCodes } from './errorCodes';
import { checkJoinOptions } from './joinOptions';
import { scalabilityModeOf, sendsSimulcast, videoCodecOf } from './MediaConnection';
import type { MediaOptions } from './MediaConnection';

const room = 'daily';

test('layers in one stream are VP9 in three sizes unless the codec or the mode says otherwise', () => {
  const made = (options: MediaOptions) => [videoCodecOf(options), scalabilityModeOf(options)];
  assert.deepEqual(made({}), [undefined, undefined]);
  assert.deepEqual(made({ svc: true }), ['vp9', 'L3T3_KEY']);
  assert.deepEqual(made({ svc: true, videoCodec: 'av1' }), ['av1', 'L1T3']);
  assert.deepEqual(made({ svc: 'L3T3_KEY', videoCodec: 'av1' }), ['av1', 'L3T3_KEY']);
  assert.deepEqual(made({ svc: false, videoCodec: 'h264' }), ['h264', undefined]);
});

test('S01: a camera is sent in what its codec has, sizes or layers, unless that is turned off', () => {
  const made = (options: MediaOptions) => [sendsSimulcast(options), scalabilityModeOf(options)];
  assert.deepEqual(made({}), [true, undefined]);
  assert.deepEqual(made({ videoCodec: 'vp8' }), [true, undefined]);
  assert.deepEqual(made({ videoCodec: 'h264', svc: false }), [true, undefined]);
  assert.deepEqual(made({ videoCodec: 'vp9' }), [false, 'L3T3_KEY']);
  assert.deepEqual(made({ videoCodec: 'av1' }), [false, 'L1T3']);
  assert.deepEqual(made({ svc: true }), [false, 'L3T3_KEY']);
  for (const videoCodec of ['vp8', 'h264', 'vp9', 'av1', undefined] as const) {
    const codec = videoCodec && { videoCodec };
    assert.deepEqual(made({ ...codec, simulcast: false }), [false, undefined]);
    assert.deepEqual(made({ ...codec, simulcast: true }), [true, undefined]);
  }
  assert.deepEqual(made({ videoCodec: 'vp9', svc: false }), [false, undefined]);
});

test('layers that cannot be are refused before anything is done', () => {
  for (const options of [
    { svc: true, simulcast: true },
    { svc: true, videoCodec: 'vp8' },
    { svc: 'L2T2', videoCodec: 'h264' },
    { svc: 'L9T9' as ScalabilityMode },
  ] as MediaOptions[]) {
    assert.throws(() => checkJoinOptions({ room, ...options }), { code: errorCodes.invalidArgument });
  }
  checkJoinOptions({ room, svc: 'L2T1' });
  checkJoinOptions({ room, svc: false, simulcast: true, videoCodec: 'h264' });
});
