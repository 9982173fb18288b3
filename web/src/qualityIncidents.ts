// What hurts quality without being an error, found between two looks at the browser's reports.
// SPDX-License-Identifier: Apache-2.0
import type { TrackKind, TrackSource } from './messages';
import { number, text } from './statistics';
import type { Report } from './statistics';

/**
 * What hurts quality. `frameRateSentTooLow`: the source gives pictures, and hardly one a second is
 * sent. `nothingSent`: a track is published and not muted, and nothing of it leaves.
 * `nothingDecoded`: a picture arrives and cannot be shown. `inputSilent`: the microphone has given
 * nothing but silence for 10 s. `soundConcealed`: much of what is heard is made up for what is
 * missing.
 */
export type QualityIncidentCode =
  | 'frameRateSentTooLow'
  | 'nothingSent'
  | 'nothingDecoded'
  | 'inputSilent'
  | 'soundConcealed';

/** Something that hurts quality, when it begins and when it is over. */
export interface QualityIncident {
  readonly code: QualityIncidentCode;
  /** Whose track; absent: one's own. */
  readonly participant?: string;
  readonly source?: TrackSource;
  /** False when it begins; true when it is over, be it because the track is muted or gone. */
  readonly recovered: boolean;
}

/** A track that is to flow over a section now. */
export interface MediaFlow {
  readonly direction: 'up' | 'down';
  readonly mid: string;
  readonly kind: TrackKind;
  readonly source: TrackSource;
  /** Whose; undefined: one's own. */
  readonly participant: string | undefined;
}

/** What was seen of a flow; counts only grow, and what a browser does not tell is undefined. */
export interface FlowFigures extends MediaFlow {
  readonly bytes: number | undefined;
  /** Pictures sent or decoded, of the size of which there are most: the smallest is sent with any other. */
  readonly frames: number | undefined;
  /** Pictures a second that the source gives. */
  readonly inputRate: number | undefined;
  /** How loud the source is now, 0 to 1. */
  readonly inputLevel: number | undefined;
  /** The sound that the source has given so far. */
  readonly inputEnergy: number | undefined;
  readonly samples: number | undefined;
  /** Samples made up, but for silence. */
  readonly concealed: number | undefined;
}

/** What was seen at one time. */
export interface MediaSnapshot {
  /** When, in milliseconds. */
  readonly at: number;
  readonly flows: readonly FlowFigures[];
}

/** From so many pictures a second on a source counts as one that moves. */
const inputRateMin = 5;
/** So many pictures a second, and no more, are too few of a source that moves. */
const sentRateMax = 1;
/** The share of made-up sound that counts as much. */
const concealedShare = 0.2;

/** The figures of flows in the browser's reports; `at` is now. */
export function mediaSnapshot(
  reports: readonly Report[],
  flows: readonly MediaFlow[],
  at: number,
): MediaSnapshot {
  return { at, flows: flows.map((flow) => figures(flow, reports)) };
}

/** What is amiss between two looks: of tracks that were to flow all the time, in their order. */
export function incidentsBetween(
  before: MediaSnapshot,
  after: MediaSnapshot,
): Omit<QualityIncident, 'recovered'>[] {
  const seconds = Math.max((after.at - before.at) / 1000, 0.001);
  return after.flows.flatMap((now) => {
    const then = before.flows.find((flow) => isSame(flow, now));
    if (!then) return [];
    const isUp = now.direction === 'up';
    const code = isUp ? sending(then, now, seconds) : receiving(then, now);
    if (!code) return [];
    const { participant, source } = now;
    return [{ code, ...(participant !== undefined && { participant }), source }];
  });
}

/** The worst that is amiss with what is sent. */
function sending(
  then: FlowFigures,
  now: FlowFigures,
  seconds: number,
): QualityIncidentCode | undefined {
  const { kind, source, inputRate = 0 } = now;
  // A screen on which nothing moves gives no pictures, and nothing is missing.
  const isDue = kind === 'audio' || source === 'camera' || inputRate > 0;
  if (isDue && growth(then.bytes, now.bytes) === 0) return 'nothingSent';
  const sent = growth(then.frames, now.frames);
  const isMoving = kind === 'video' && inputRate > inputRateMin;
  if (isMoving && sent !== undefined && sent / seconds <= sentRateMax) return 'frameRateSentTooLow';
  return source === 'microphone' && isSilent(then, now) ? 'inputSilent' : undefined;
}

/** What is amiss with what is received. */
function receiving(then: FlowFigures, now: FlowFigures): QualityIncidentCode | undefined {
  if (now.kind === 'video') {
    const arrives = (growth(then.bytes, now.bytes) ?? 0) > 0;
    return arrives && growth(then.frames, now.frames) === 0 ? 'nothingDecoded' : undefined;
  }
  const samples = growth(then.samples, now.samples) ?? 0;
  const concealed = growth(then.concealed, now.concealed) ?? 0;
  return samples > 0 && concealed / samples > concealedShare ? 'soundConcealed' : undefined;
}

function isSilent(then: FlowFigures, now: FlowFigures): boolean {
  const energy = growth(then.inputEnergy, now.inputEnergy);
  if (energy !== undefined) return energy === 0;
  return then.inputLevel === 0 && now.inputLevel === 0;
}

function growth(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function isSame(a: MediaFlow, b: MediaFlow): boolean {
  const isSameTrack = a.participant === b.participant && a.source === b.source;
  return isSameTrack && a.direction === b.direction && a.mid === b.mid;
}

function figures(flow: MediaFlow, reports: readonly Report[]): FlowFigures {
  const isUp = flow.direction === 'up';
  const type = isUp ? 'outbound-rtp' : 'inbound-rtp';
  const rows = reports.filter((row) => row.type === type && text(row, 'mid') === flow.mid);
  const sourceID = rows[0] && text(rows[0], 'mediaSourceId');
  const input = reports.find((row) => row.type === 'media-source' && row.id === sourceID);
  const silence = total(rows, 'silentConcealedSamples') ?? 0;
  const concealed = total(rows, 'concealedSamples');
  return {
    ...flow,
    bytes: total(rows, isUp ? 'bytesSent' : 'bytesReceived'),
    frames: most(rows, isUp ? 'framesEncoded' : 'framesDecoded'),
    inputRate: input && number(input, 'framesPerSecond'),
    inputLevel: input && number(input, 'audioLevel'),
    inputEnergy: input && number(input, 'totalAudioEnergy'),
    samples: total(rows, 'totalSamplesReceived'),
    concealed: concealed === undefined ? undefined : concealed - silence,
  };
}

/** The sum of a field; undefined where no row has it. */
function total(rows: readonly Report[], field: string): number | undefined {
  let sum: number | undefined;
  for (const row of rows) {
    const value = number(row, field);
    if (value !== undefined) sum = (sum ?? 0) + value;
  }
  return sum;
}

/** The largest value of a field; undefined where no row has it. */
function most(rows: readonly Report[], field: string): number | undefined {
  const values = rows.map((row) => number(row, field)).filter((value) => value !== undefined);
  return values.length > 0 ? Math.max(...(values as number[])) : undefined;
}
