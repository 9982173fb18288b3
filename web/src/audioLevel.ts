// How loud somebody is, in the units applications use.
// SPDX-License-Identifier: Apache-2.0

/** The level of silence on the wire (-dBov, RFC 6464). */
export const silentLevel = 127;

/** At this level or louder (-dBov, the mean of half a second) somebody counts as speaking. */
export const speakingLevelMax = 60;

/** How loud a participant is, oneself among them. */
export interface ParticipantLevel {
  readonly participant: string;
  /** Decibels of full scale: 0 the loudest, -127 silence. */
  readonly dBFS: number;
  /** The same for meters: 0 to 100 (see `volumePercent`). */
  readonly percent: number;
}

/** Decibels of full scale from a level of the wire: 0 to -127. */
export function decibelsOfFullScale(level: number): number {
  return level === 0 ? 0 : -Math.min(level, silentLevel);
}

/**
 * A volume from 0 to 100 for meters: 100 at full scale, 0 at -60 dBFS and below, where nobody
 * counts as speaking any more, and evenly between, as ears judge.
 */
export function volumePercent(dBFS: number): number {
  const share = (dBFS + speakingLevelMax) / speakingLevelMax;
  return Math.round(100 * Math.min(1, Math.max(0, share)));
}
