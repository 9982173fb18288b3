// Grades a network path by its loss, round trip and jitter.
// SPDX-License-Identifier: Apache-2.0
import type { NetworkGrade } from './messages';

/** What is known of one direction; undefined where nothing was measured. */
export interface PathFigures {
  /** The share of packets that did not arrive, 0 to 1. */
  readonly loss?: number | undefined;
  readonly roundTripMilliseconds?: number | undefined;
  readonly jitterMilliseconds?: number | undefined;
}

type Known = 'excellent' | 'good' | 'fair' | 'poor';

/**
 * Up to which figures a grade holds; what is beyond `poor` is `bad`. Where conversation begins to
 * suffer (ITU-T G.114: 150 ms one way) is the end of `fair`, and so is the loss that repairs of
 * audio still hide.
 */
export const gradeLimits: { readonly [Grade in Known]: Required<PathFigures> } = {
  excellent: { loss: 0.01, roundTripMilliseconds: 100, jitterMilliseconds: 20 },
  good: { loss: 0.03, roundTripMilliseconds: 200, jitterMilliseconds: 40 },
  fair: { loss: 0.08, roundTripMilliseconds: 300, jitterMilliseconds: 80 },
  poor: { loss: 0.2, roundTripMilliseconds: 600, jitterMilliseconds: 160 },
};

const order: readonly Known[] = ['excellent', 'good', 'fair', 'poor'];
const fields = ['loss', 'roundTripMilliseconds', 'jitterMilliseconds'] as const;

/** The grade of the worst figure; `unknown` where there is none, and never `down`. */
export function networkGrade(figures: PathFigures): NetworkGrade {
  const known = fields.filter((field) => figures[field] !== undefined);
  if (known.length === 0) return 'unknown';
  const holds = (grade: Known) =>
    known.every((field) => (figures[field] ?? 0) <= (gradeLimits[grade][field] ?? 0));
  return order.find(holds) ?? 'bad';
}
