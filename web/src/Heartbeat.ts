// Decides when to ping and when a link counts as lost; time comes from outside.
// SPDX-License-Identifier: Apache-2.0

/** The time between two pings. */
export const pingIntervalMilliseconds = 1000;

/** So many pings without any sign of life mean that the link is lost. */
export const missedPongsMax = 3;

/**
 * Counts pings that nothing came back for. It counts pings and not time: the timers of a page in
 * the background, or of a machine that slept, are late, and that alone is no loss.
 */
export class Heartbeat {
  #missed = 0;

  /** Anything came in. */
  heard(): void {
    this.#missed = 0;
  }

  /** A second has passed: what to do now. */
  tick(): 'ping' | 'lost' {
    if (this.#missed >= missedPongsMax) return 'lost';
    this.#missed += 1;
    return 'ping';
  }
}
