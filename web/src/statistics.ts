// Sums up the browser's statistics: bitrates, loss, round trip, and a line for each track.
// SPDX-License-Identifier: Apache-2.0
import type { TrackKind } from './messages';

/** The figures of a session, over the time since they were last asked for. */
export interface RoomStatistics {
  /** What is sent, in bits a second; 0 the first time. */
  readonly bitsPerSecondUp: number;
  /** What is received, in bits a second; 0 the first time. */
  readonly bitsPerSecondDown: number;
  /** The share of sent packets that did not arrive, 0 to 1; undefined before the first report. */
  readonly lossUp: number | undefined;
  /** The share of packets for us that did not arrive, 0 to 1; undefined while none were due. */
  readonly lossDown: number | undefined;
  /** How unevenly packets arrive at the server; undefined before its first report. */
  readonly jitterMillisecondsUp: number | undefined;
  /** How unevenly packets arrive here; undefined while none do. */
  readonly jitterMillisecondsDown: number | undefined;
  /** The time to the server and back. */
  readonly roundTripMilliseconds: number | undefined;
  /** Every stream that has carried anything. */
  readonly streams: readonly StreamStatistics[];
}

/** The figures of one stream; a camera in three sizes is three streams. */
export interface StreamStatistics {
  readonly direction: 'up' | 'down';
  readonly kind: TrackKind;
  /** The section that carries it. */
  readonly mid: string | undefined;
  /** The size of a camera sent in several. */
  readonly rid: string | undefined;
  readonly codec: string | undefined;
  readonly bitsPerSecond: number;
  /** The size of the picture, in pixels. */
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly framesPerSecond: number | undefined;
  /** Frames encoded or decoded since the beginning. */
  readonly frames: number | undefined;
  /** Sound received since the beginning, in the browser's own unit; above 0 where any was heard. */
  readonly audioEnergy: number | undefined;
  /** The participant whose track a receiving section carries. */
  readonly participant?: string;
  /** The track that a receiving section carries. */
  readonly track?: string;
}

/** What of a browser's report is read. */
export interface Report {
  readonly id: string;
  readonly type: string;
  readonly timestamp: number;
  readonly [field: string]: unknown;
}

/** Turns reports into figures; remembers the last ones, because browsers only count up. */
export class StatisticsSummary {
  #before = new Map<string, Report>();

  /** The figures since the last call. */
  update(reports: Iterable<Report>): RoomStatistics {
    const now = new Map<string, Report>();
    for (const report of reports) now.set(report.id, report);
    const rows = [...now.values()];
    const sent = rows.filter((row) => row.type === 'outbound-rtp' && number(row, 'packetsSent'));
    const received = rows.filter(
      (row) => row.type === 'inbound-rtp' && number(row, 'packetsReceived'),
    );
    const up = sent.map((row) => this.#stream(row, 'up', now));
    const down = received.map((row) => this.#stream(row, 'down', now));
    const result: RoomStatistics = {
      bitsPerSecondUp: sum(up.map((stream) => stream.bitsPerSecond)),
      bitsPerSecondDown: sum(down.map((stream) => stream.bitsPerSecond)),
      lossUp: this.#lossUp(rows, now),
      lossDown: this.#lossDown(received),
      jitterMillisecondsUp: this.#jitterUp(rows, now),
      jitterMillisecondsDown: this.#jitterDown(received),
      roundTripMilliseconds: roundTrip(rows),
      streams: [...up, ...down],
    };
    this.#before = now;
    return result;
  }

  #stream(row: Report, direction: 'up' | 'down', all: Map<string, Report>): StreamStatistics {
    const bytes =
      direction === 'up'
        ? this.#increase(row, 'bytesSent') + this.#increase(row, 'headerBytesSent')
        : this.#increase(row, 'bytesReceived') + this.#increase(row, 'headerBytesReceived');
    const codec = all.get(text(row, 'codecId') ?? '');
    return {
      direction,
      kind: text(row, 'kind') === 'audio' ? 'audio' : 'video',
      mid: text(row, 'mid'),
      rid: text(row, 'rid'),
      codec: codec && text(codec, 'mimeType'),
      bitsPerSecond: Math.round((bytes * 8) / this.#seconds(row)),
      width: number(row, 'frameWidth'),
      height: number(row, 'frameHeight'),
      framesPerSecond: number(row, 'framesPerSecond'),
      frames: number(row, direction === 'up' ? 'framesEncoded' : 'framesDecoded'),
      audioEnergy: number(row, 'totalAudioEnergy'),
    };
  }

  #lossDown(received: Report[]): number | undefined {
    // Repeats arrive late and make the count of lost packets fall: never below nothing.
    const lost = Math.max(0, sum(received.map((row) => this.#increase(row, 'packetsLost'))));
    const arrived = sum(received.map((row) => this.#increase(row, 'packetsReceived')));
    return lost + arrived > 0 ? lost / (lost + arrived) : undefined;
  }

  /** The receiver's own share of each stream, weighted by what was sent of it. */
  #lossUp(rows: Report[], all: Map<string, Report>): number | undefined {
    let packets = 0;
    let lost = 0;
    for (const row of rows) {
      const fraction = number(row, 'fractionLost');
      const local = all.get(text(row, 'localId') ?? '');
      if (row.type !== 'remote-inbound-rtp' || fraction === undefined || !local) continue;
      const count = this.#increase(local, 'packetsSent');
      packets += count;
      lost += count * fraction;
    }
    return packets > 0 ? lost / packets : undefined;
  }

  /** The receiver's own figure of each stream, weighted by what was sent of it. */
  #jitterUp(rows: Report[], all: Map<string, Report>): number | undefined {
    const remote = rows.filter((row) => row.type === 'remote-inbound-rtp');
    return weightedJitter(remote, (row) => {
      const local = all.get(text(row, 'localId') ?? '');
      return local ? this.#increase(local, 'packetsSent') : 0;
    });
  }

  #jitterDown(received: Report[]): number | undefined {
    return weightedJitter(received, (row) => this.#increase(row, 'packetsReceived'));
  }

  #increase(row: Report, field: string): number {
    const before = this.#before.get(row.id);
    // Without an earlier report there is no time to relate the count to.
    if (!before) return 0;
    return (number(row, field) ?? 0) - (number(before, field) ?? 0);
  }

  #seconds(row: Report): number {
    const before = this.#before.get(row.id);
    return before ? Math.max((row.timestamp - before.timestamp) / 1000, 0.001) : 1;
  }
}

/** The mean of what browsers call `jitter`, in milliseconds instead of seconds. */
function weightedJitter(rows: Report[], weight: (row: Report) => number): number | undefined {
  let weights = 0;
  let total = 0;
  for (const row of rows) {
    const seconds = number(row, 'jitter');
    if (seconds === undefined) continue;
    weights += weight(row);
    total += weight(row) * seconds * 1000;
  }
  return weights > 0 ? total / weights : undefined;
}

/** The pair that media takes. */
export function selectedPair(rows: readonly Report[]): Report | undefined {
  const transport = rows.find((row) => row.type === 'transport');
  const chosen = transport && text(transport, 'selectedCandidatePairId');
  return rows.find((row) =>
    chosen === undefined
      ? row.type === 'candidate-pair' && row['nominated'] === true && row['state'] === 'succeeded'
      : row.id === chosen,
  );
}

function roundTrip(rows: Report[]): number | undefined {
  const pair = selectedPair(rows);
  const seconds = pair && number(pair, 'currentRoundTripTime');
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A field of a report, where it is a number. */
export function number(row: Report, field: string): number | undefined {
  const value = row[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A field of a report, where it is text. */
export function text(row: Report, field: string): string | undefined {
  const value = row[field];
  return typeof value === 'string' ? value : undefined;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
