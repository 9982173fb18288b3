// Waits for the exact frame from which a video element shows somebody new.
// SPDX-License-Identifier: Apache-2.0
import { isAtOrAfter } from './SlotTable';

/** How long a picture is covered where browsers do not tell which frame is shown. */
export const coverMilliseconds = 200;

/** Without a new frame for so long, none of the old ones is under way any more. */
export const frameWaitMillisecondsMax = 2000;

/** What of a video element is used; tests pass their own. */
export interface FrameSource {
  requestVideoFrameCallback?(
    callback: (now: number, metadata: { rtpTimestamp?: number }) => void,
  ): number;
  cancelVideoFrameCallback?(handle: number): void;
}

/**
 * Calls `reached` once, when `video` presents the first frame at or after `rtpTimestamp`.
 * Returns a function that stops waiting.
 */
export function whenFrameReached(
  video: FrameSource,
  rtpTimestamp: number,
  reached: () => void,
): () => void {
  let handle: number | undefined;
  let isOver = false;
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
    if (handle !== undefined) video.cancelVideoFrameCallback?.(handle);
  };
  const finish = () => {
    if (isOver) return;
    stop();
    reached();
  };
  const canTell = typeof video.requestVideoFrameCallback === 'function';
  let timer = setTimeout(finish, canTell ? frameWaitMillisecondsMax : coverMilliseconds);
  const watch = () => {
    handle = video.requestVideoFrameCallback?.((_now, frame) => {
      if (isOver) return;
      if (frame.rtpTimestamp === undefined) {
        // This browser counts frames without naming them.
        clearTimeout(timer);
        timer = setTimeout(finish, coverMilliseconds);
      } else if (isAtOrAfter(frame.rtpTimestamp, rtpTimestamp)) {
        finish();
      } else {
        watch();
      }
    });
  };
  watch();
  return stop;
}
