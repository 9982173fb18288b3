// Proves that a picture is uncovered at its frame and not before.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { coverMilliseconds, whenFrameReached } from './frameGate';
import type { FrameSource } from './frameGate';

class FakeVideo implements FrameSource {
  callback: ((now: number, metadata: { rtpTimestamp?: number }) => void) | undefined;

  requestVideoFrameCallback(callback: FakeVideo['callback']): number {
    this.callback = callback;
    return 1;
  }

  cancelVideoFrameCallback(): void {
    this.callback = undefined;
  }

  show(rtpTimestamp?: number): void {
    const { callback } = this;
    this.callback = undefined;
    callback?.(0, rtpTimestamp === undefined ? {} : { rtpTimestamp });
  }
}

test('frames before the timestamp stay covered; the first at it is shown', () => {
  const video = new FakeVideo();
  let count = 0;
  whenFrameReached(video, 5, () => (count += 1));
  video.show(0xffff_ff00);
  video.show(4);
  assert.equal(count, 0);
  video.show(5);
  assert.equal(count, 1);
  assert.equal(video.callback, undefined);
});

test('who stops waiting is never called', () => {
  const video = new FakeVideo();
  let count = 0;
  const stop = whenFrameReached(video, 5, () => (count += 1));
  const late = video.callback;
  stop();
  late?.(0, { rtpTimestamp: 6 });
  assert.equal(count, 0);
});

test('where frames are not named, a cover of its length is kept', async () => {
  for (const video of [{}, new FakeVideo()]) {
    const start = Date.now();
    await new Promise<void>((resolve) => {
      whenFrameReached(video, 5, resolve);
      if (video instanceof FakeVideo) video.show();
    });
    assert.ok(Date.now() - start >= coverMilliseconds - 5);
  }
});
