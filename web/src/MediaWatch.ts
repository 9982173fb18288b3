// Tells whether anything still arrives over the media path, from the browser's counters.
// SPDX-License-Identifier: Apache-2.0
import type { Report } from './statistics';

/** The time between two looks. */
export const mediaWatchMilliseconds = 500;

/** So many looks in a row with new packets make a stream steady: then silence is a loss. */
const steadyLooks = 4;

/** What a look sees; the counts only grow. */
export interface MediaSample {
  /** Media and its control packets received. */
  readonly packets: number;
  /** ICE checks and their answers received. */
  readonly checks: number;
  /** Whether ICE takes the path for good. */
  readonly isConnected: boolean;
}

/**
 * Decides from samples whether the path is alive. Where packets came all the time, their absence
 * is silence, which is noticed seconds before ICE notices it. Where none are due (everybody is
 * muted) only ICE can tell, whose checks are seconds apart.
 */
export class MediaPulse {
  #last: MediaSample | undefined;
  #steady = 0;

  /** The path was restarted: nothing but what really arrives counts until something does. */
  demand(): void {
    this.#steady = steadyLooks;
  }

  /** Whether the path was heard since the last sample. */
  update(sample: MediaSample): boolean {
    const last = this.#last;
    this.#last = sample;
    if (last && sample.packets > last.packets) {
      this.#steady = Math.min(this.#steady + 1, steadyLooks);
      return true;
    }
    if (last && sample.checks > last.checks) {
      this.#steady = 0;
      return true;
    }
    return sample.isConnected && this.#steady < steadyLooks;
  }
}

/** A sample from the browser's reports. */
export function mediaSample(reports: Iterable<Report>, isConnected: boolean): MediaSample {
  let packets = 0;
  let checks = 0;
  for (const report of reports) {
    if (report.type === 'transport' || report.type === 'inbound-rtp') {
      packets += count(report, 'packetsReceived');
    } else if (report.type === 'candidate-pair') {
      checks += count(report, 'responsesReceived') + count(report, 'requestsReceived');
    } else if (report.type === 'remote-inbound-rtp') {
      // Browsers without a count of their transport: each report of the server is a new one.
      packets += count(report, 'roundTripTimeMeasurements');
    }
  }
  return { packets, checks, isConnected };
}

/** What the watch needs of the session around it. */
export interface WatchSurroundings {
  /** The browser's reports of the peer connection there is now. */
  reports(): Promise<Iterable<Report>>;
  /** Whether ICE takes the path for good. */
  isConnected(): boolean;
  /** Something arrived since this was last told. */
  heard(): void;
}

/** Looks again and again until it is closed. */
export class MediaWatch {
  readonly #surroundings: WatchSurroundings;
  readonly #timer: ReturnType<typeof setInterval>;
  #pulse = new MediaPulse();
  #isClosed = false;

  constructor(surroundings: WatchSurroundings) {
    this.#surroundings = surroundings;
    this.#timer = setInterval(() => void this.look(), mediaWatchMilliseconds);
  }

  /** The path is being restarted. */
  demand(): void {
    this.#pulse.demand();
  }

  /** Looks now. */
  async look(): Promise<void> {
    const pulse = this.#pulse;
    const reports = await this.#surroundings.reports().catch(() => []);
    if (this.#isClosed || pulse !== this.#pulse) return;
    const sample = mediaSample(reports, this.#surroundings.isConnected());
    if (pulse.update(sample)) this.#surroundings.heard();
  }

  /** Ends it. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }
}

function count(report: Report, field: string): number {
  const value = report[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
