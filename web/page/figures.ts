// Figures of a connection as people read them.
// SPDX-License-Identifier: Apache-2.0
import type { StreamStatistics } from '../src/index';

/** What stands where nothing is known yet. */
export const unknownFigure = '–';

/** A bitrate: `0 kbit/s`, `850 kbit/s`, `1.4 Mbit/s`. */
export function bitRateText(bitsPerSecond: number | undefined): string {
  if (bitsPerSecond === undefined) return unknownFigure;
  if (bitsPerSecond < 999_500) return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
  return `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`;
}

/** A share of lost packets, 0 to 1, in percent: `0 %`, `0.3 %`, `12 %`. */
export function lossText(loss: number | undefined): string {
  if (loss === undefined) return unknownFigure;
  const percent = loss * 100;
  if (percent < 0.05) return '0 %';
  return `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A time in milliseconds: `<1 ms`, `24 ms`. */
export function millisecondsText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return unknownFigure;
  return milliseconds < 1 ? '<1 ms' : `${Math.round(milliseconds)} ms`;
}

/** A picture as it arrives: `640×360, 25 pictures/s, 480 kbit/s`. */
export function streamText(
  stream: Pick<StreamStatistics, 'width' | 'height' | 'framesPerSecond' | 'bitsPerSecond'>,
): string {
  const { width, height, framesPerSecond, bitsPerSecond } = stream;
  const parts = [bitRateText(bitsPerSecond)];
  if (framesPerSecond !== undefined) parts.unshift(`${Math.round(framesPerSecond)} pictures/s`);
  if (width && height) parts.unshift(`${width}×${height}`);
  return parts.join(', ');
}

/** Up to two first letters of a name, for a tile without a picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  // By code points, so that no letter is cut in half.
  return chosen.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase();
}

/** A hue that is always the same for one id, 0 to 359. */
export function hueOf(id: string): number {
  let hash = 7;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 104_729;
  return hash % 360;
}
