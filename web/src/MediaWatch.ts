// Tells whether anything still arrives over the media path, from the browser's counters.
// SPDX-License-Identifier: Apache-2.0
import type { Report } from './statistics';

/** The time between two looks. */
export const mediaWatchMilliseconds = 500;

/** Packets that come for so long with no larger gap between two of them are due all the time. The
 * server sends a report each second to whoever receives nothing else. */
const regularMilliseconds = 3000;
const gapMilliseconds = 1750;

/** What a look sees; the counts only grow. */
export interface MediaSample {
  /** When, in milliseconds. */
  readonly at: number;
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
  /** Since when packets have come without a gap. */
  #regularSince: number | undefined;
  #packetAt = -Infinity;
  #isDemanded = false;

  /** The path was restarted: nothing but what really arrives from now on counts until something
   * does. */
  demand(): void {
    this.#isDemanded = true;
    this.#last = undefined;
  }

  /** Whether the path was heard since the last sample. */
  update(sample: MediaSample): boolean {
    const last = this.#last;
    this.#last = sample;
    if (last && sample.packets > last.packets) {
      const isGap = sample.at - this.#packetAt > gapMilliseconds;
      if (isGap || this.#regularSince === undefined) this.#regularSince = sample.at;
      this.#packetAt = sample.at;
      this.#isDemanded = false;
      return true;
    }
    if (last && sample.checks > last.checks) {
      // The path is alive: it is the packets that are not due.
      this.#regularSince = undefined;
      this.#isDemanded = false;
      return true;
    }
    return sample.isConnected && !this.#isDemanded && !this.#isRegular;
  }

  get #isRegular(): boolean {
    const since = this.#regularSince;
    return since !== undefined && this.#packetAt - since >= regularMilliseconds;
  }
}

/** A sample from the browser's reports. */
export function mediaSample(
  reports: Iterable<Report>,
  at: number,
  isConnected: boolean,
): MediaSample {
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
  return { at, packets, checks, isConnected };
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
  readonly #pulse = new MediaPulse();
  /** Grows with each demand; what was counted before says nothing any more. */
  #demands = 0;
  #isClosed = false;

  constructor(surroundings: WatchSurroundings) {
    this.#surroundings = surroundings;
    this.#timer = setInterval(() => void this.look(), mediaWatchMilliseconds);
  }

  /** The path is being restarted, or the network is another one. */
  demand(): void {
    this.#demands += 1;
    this.#pulse.demand();
    // What has arrived so far is known at once, and what arrives then seen at the next look.
    void this.look();
  }

  /** Looks now. */
  async look(): Promise<void> {
    const demands = this.#demands;
    const reports = await this.#surroundings.reports().catch(() => []);
    if (this.#isClosed || demands !== this.#demands) return;
    const sample = mediaSample(
      reports,
      performance.now(),
      this.#surroundings.isConnected(),
    );
    if (this.#pulse.update(sample)) this.#surroundings.heard();
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
