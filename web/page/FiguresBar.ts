// The line of live figures: what is sent and received, the loss, the round trip.
// SPDX-License-Identifier: Apache-2.0
import type { RoomStatistics } from '../src/index';
import { byID, setText } from './dom';
import { bitRateText, lossText, millisecondsText } from './figures';

/** From this loss or round trip on a figure is marked. */
const lossMarked = 0.03;
const roundTripMarkedMilliseconds = 300;

/** Shows the figures of the last second. */
export function showFigures(figures: RoomStatistics | undefined): void {
  const loss = worse(figures?.lossUp, figures?.lossDown);
  const roundTrip = figures?.roundTripMilliseconds;
  figure('figure-up', bitRateText(figures?.bitsPerSecondUp));
  figure('figure-down', bitRateText(figures?.bitsPerSecondDown));
  figure('figure-loss', lossText(loss), (loss ?? 0) >= lossMarked);
  const isSlow = (roundTrip ?? 0) >= roundTripMarkedMilliseconds;
  figure('figure-round-trip', millisecondsText(roundTrip), isSlow);
}

function figure(id: string, text: string, isBad = false): void {
  const element = byID(id);
  setText(element, text);
  element.dataset['level'] = isBad ? 'bad' : 'good';
}

function worse(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}
