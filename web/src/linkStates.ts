// What a client's two links do, and until when.
// SPDX-License-Identifier: Apache-2.0
import type { SessionTiming } from './sessionTiming';

/** What the signalling link of a client that is not `disconnected` does. */
export type Signal =
  | { readonly type: 'waiting' | 'opening' | 'resuming' | 'joining'; readonly until: number }
  | { readonly type: 'up' };

/** What the media link of a session does. */
export type Media =
  /** There is none. */
  | { readonly type: 'none' }
  /** It is lost; nothing is done about it while the signalling link is lost as well. */
  | { readonly type: 'lost' }
  /** It is new, or restarted, and is to be heard before that moment. */
  | { readonly type: 'connecting' | 'restarting'; readonly until: number }
  | { readonly type: 'heard'; readonly at: number };

/** When the signalling link is to have done what it does; undefined: it is up. */
export function signalDeadline(signal: Signal): number | undefined {
  return signal.type === 'up' ? undefined : signal.until;
}

/** When the media link is to have been heard; undefined: nobody waits for it. */
export function mediaDeadline(media: Media, timing: SessionTiming): number | undefined {
  switch (media.type) {
    case 'none':
    case 'lost':
      return undefined;
    case 'connecting':
    case 'restarting':
      return media.until;
    case 'heard':
      return media.at + timing.mediaTimeout;
  }
}

/** Whether media is known not to flow. */
export function isMediaLost(media: Media): boolean {
  return media.type === 'lost' || media.type === 'restarting';
}

/** Whether a moment has come. */
export function isDue(moment: number | undefined, now: number): boolean {
  return moment !== undefined && moment <= now;
}

/** The first of some moments; undefined: there is none. */
export function earliest(moments: (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const moment of moments) {
    if (moment !== undefined && (first === undefined || moment < first)) first = moment;
  }
  return first;
}
