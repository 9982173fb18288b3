// Measures one's own network every two seconds and tells the server when its grade changes.
// SPDX-License-Identifier: Apache-2.0
import type { NetworkGrade } from './messages';
import { networkGrade } from './networkGrade';
import type { RoomStatistics } from './statistics';

/** The time between two measurements; the server drops what comes more often. */
export const qualityIntervalMilliseconds = 2000;

/** So long after a report another is taken for sure; timers are not exact. */
const spacingMilliseconds = 2100;

/** What the reporter needs of the session around it. */
export interface QualitySurroundings {
  /** The figures since the last time, of this reporter's own. */
  stats(): Promise<RoomStatistics>;
  /** Whether nothing gets through at all. */
  isBroken(): boolean;
  /** The grades changed. */
  changed(up: NetworkGrade, down: NetworkGrade): void;
}

/** Grades from the figures of two seconds. */
export function gradesOf(figures: RoomStatistics): { up: NetworkGrade; down: NetworkGrade } {
  const { roundTripMilliseconds } = figures;
  return {
    up: networkGrade({
      loss: figures.lossUp,
      roundTripMilliseconds,
      jitterMilliseconds: figures.jitterMillisecondsUp,
    }),
    down: networkGrade({
      loss: figures.lossDown,
      roundTripMilliseconds,
      jitterMilliseconds: figures.jitterMillisecondsDown,
    }),
  };
}

/** Runs from its making until `close`. */
export class QualityReporter {
  readonly #surroundings: QualitySurroundings;
  readonly #timer: ReturnType<typeof setInterval>;
  #told = { up: 'unknown' as NetworkGrade, down: 'unknown' as NetworkGrade };
  #toldAt = -Infinity;
  #isClosed = false;

  constructor(surroundings: QualitySurroundings) {
    this.#surroundings = surroundings;
    this.#timer = setInterval(() => void this.#measure(), qualityIntervalMilliseconds);
  }

  /** The server does not know what it was told: a new session. */
  forget(): void {
    this.#told = { up: 'unknown', down: 'unknown' };
  }

  /** Ends it. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #measure(): Promise<void> {
    const figures = await this.#surroundings.stats().catch(() => undefined);
    if (this.#isClosed || !figures) return;
    const isBroken = this.#surroundings.isBroken();
    const { up, down } = isBroken ? ({ up: 'down', down: 'down' } as const) : gradesOf(figures);
    if (up === this.#told.up && down === this.#told.down) return;
    // Too soon: the next measurement tells it.
    if (performance.now() - this.#toldAt < spacingMilliseconds) return;
    this.#told = { up, down };
    this.#toldAt = performance.now();
    this.#surroundings.changed(up, down);
  }
}
