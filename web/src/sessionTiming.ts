// The times of a session, and when a broken link is tried again.
// SPDX-License-Identifier: Apache-2.0

/** How long a client waits for what, in milliseconds; the same numbers in all SDKs. */
export interface SessionTiming {
  /** How long it tries to come back before it gives up. */
  readonly window: number;
  /** How long joining may take. */
  readonly joinTimeout: number;
  /** How long one try to come back may take. */
  readonly attemptTimeout: number;
  /** How long leaving waits for the server's word. */
  readonly leaveTimeout: number;
  /** Between two pings. */
  readonly pingInterval: number;
  /** Silence after which the signalling link is lost: three pings without an answer. */
  readonly signalTimeout: number;
  /** Silence after which the media link is lost, once it has been heard. */
  readonly mediaTimeout: number;
  /** How long a new media link may take until it is heard for the first time. */
  readonly mediaConnectTimeout: number;
  /** Whether there is a media link to watch. */
  readonly watchesMedia: boolean;
}

/** The defaults. */
export const usualTiming: SessionTiming = {
  window: 45_000,
  joinTimeout: 10_000,
  attemptTimeout: 5_000,
  leaveTimeout: 1_000,
  pingInterval: 1_000,
  signalTimeout: 3_000,
  mediaTimeout: 3_000,
  mediaConnectTimeout: 10_000,
  watchesMedia: true,
};

/** The shortest and the longest window, in milliseconds. */
export const windowRange = { min: 30_000, max: 50_000 } as const;

/** How much later than due a driver may be; beyond it the machine it runs on has slept, and what
 * was not heard meanwhile says nothing of the links. */
export const latenessMilliseconds = 1_000;

/**
 * The pause before a try, from 1, in milliseconds and without jitter: none before the first, then
 * 300, 1,200, 2,700, 4,800, and 7,000 before all others.
 */
export function pauseBefore(attempt: number): number {
  if (attempt <= 1) return 0;
  return attempt > 5 ? 7_000 : 300 * (attempt - 1) ** 2;
}

/** A small generator for jitter, the same in every language of the SDKs: xorshift, 32 bits. */
export class JitterSource {
  #state: number;

  /** Any seed; 0 counts as 1. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** A pause with up to a fifth of it on top, so that clients of one server do not come back in
   * step. */
  lengthen(milliseconds: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return milliseconds + Math.floor((milliseconds * (this.#state % 1_000)) / 5_000);
  }
}
