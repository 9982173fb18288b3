// The grade of somebody's network in bars and in words.
// SPDX-License-Identifier: Apache-2.0
import type { NetworkGrade } from '../../src/index';

/** Somebody's grades, as the SDK has them. */
export interface Quality {
  readonly up: NetworkGrade;
  readonly down: NetworkGrade;
}

/** From the best to the worst; what is not known worsens nothing. */
const order: readonly NetworkGrade[] = [
  'unknown',
  'excellent',
  'good',
  'fair',
  'poor',
  'bad',
  'down',
];

const bars: { readonly [Grade in NetworkGrade]: number } = {
  unknown: 0,
  excellent: 4,
  good: 3,
  fair: 2,
  poor: 1,
  bad: 1,
  down: 0,
};

const words: { readonly [Grade in NetworkGrade]: string } = {
  unknown: 'not measured yet',
  excellent: 'excellent',
  good: 'good',
  fair: 'fair',
  poor: 'poor',
  bad: 'bad',
  down: 'nothing gets through',
};

/** The worse of both ways. */
export function worseGrade({ up, down }: Quality): NetworkGrade {
  return order.indexOf(up) > order.indexOf(down) ? up : down;
}

/** How many of four bars are lit. */
export function barsOf(quality: Quality): number {
  return bars[worseGrade(quality)];
}

/** The worse way in words: `Network: fair`. */
export function gradeText(quality: Quality): string {
  return `Network: ${words[worseGrade(quality)]}`;
}

/** Both ways in words: `Network: good`, `Network: sending good, receiving poor`. */
export function qualityText({ up, down }: Quality): string {
  if (up === down) return `Network: ${words[up]}`;
  return `Network: sending ${words[up]}, receiving ${words[down]}`;
}
