// The state of the connection in words: what is shown while it breaks, and when it is over.
// SPDX-License-Identifier: Apache-2.0
import type { ChangeReason, ConnectionState, LostLink } from '../../src/index';

/** The state in a word or two. */
export const stateTexts: { readonly [State in ConnectionState]: string } = {
  disconnected: 'Not connected',
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  leaving: 'Leaving…',
};

/** 1st, 2nd, 3rd, 4th, 11th, 21st. */
export function ordinal(count: number): string {
  const tens = count % 100;
  if (tens >= 11 && tens <= 13) return `${count}th`;
  return `${count}${['th', 'st', 'nd', 'rd'][count % 10] ?? 'th'}`;
}

/** What broke, as the end of a sentence. */
function lossText(reason: ChangeReason, lostLink: LostLink): string {
  if (reason === 'serverMoved') return 'the server is being restarted';
  if (reason === 'networkChanged') return 'your network has changed';
  switch (lostLink) {
    case 'signal':
      return 'your connection to the server was lost';
    case 'media':
      return 'sound and picture no longer get through';
    case 'both':
      return 'your connection to the server was lost, and sound and picture with it';
  }
}

/** `Reconnecting: your connection to the server was lost, 2nd try…`. */
export function reconnectingText(
  reason: ChangeReason,
  lostLink: LostLink,
  attempt: number,
): string {
  const loss = lossText(reason, lostLink);
  return attempt > 1 ? `Reconnecting: ${loss}, ${ordinal(attempt)} try…` : `Reconnecting: ${loss}…`;
}

/** What is told when one is back. */
export function backText(reason: ChangeReason, seconds: number): string {
  const time = seconds < 1 ? 'a moment' : `${seconds} s`;
  return reason === 'restarted'
    ? `Connected again after ${time}; what was said meanwhile is lost.`
    : `Connected again after ${time}.`;
}

/** How a call ended. */
export interface Farewell {
  readonly title: string;
  /** What happened, and what to do. */
  readonly text: string;
  /** Whether joining again may help. */
  readonly canRejoin: boolean;
}

/** How a call ended that one did not leave oneself; undefined where one did.
 * `canRenew`: the page has a way to a new token. */
export function farewell(reason: ChangeReason, canRenew = false): Farewell | undefined {
  switch (reason) {
    case 'kicked':
      return {
        title: 'Removed by the host',
        text: 'A host removed you from the room. Ask before you join again.',
        canRejoin: true,
      };
    case 'roomClosed':
      return {
        title: 'The room was closed',
        text: 'The call is over for everybody. Joining again opens a new one.',
        canRejoin: true,
      };
    case 'duplicateIdentity':
      return {
        title: 'You joined somewhere else',
        text: 'The call goes on in the other window. Joining here ends it there.',
        canRejoin: true,
      };
    case 'tokenExpired':
      return {
        title: 'Your token has expired',
        text: canRenew
          ? 'Your access to this room ran out. Joining again asks for new access.'
          : 'Your access to this room ran out. Ask for a new link.',
        canRejoin: canRenew,
      };
    case 'permissionDenied':
      return {
        title: 'You may not come back',
        text: 'The server no longer lets you in with this link. Ask for a new one.',
        canRejoin: canRenew,
      };
    case 'serverShutdown':
      return {
        title: 'The server has stopped',
        text: 'It was switched off or is being restarted. Join again in a moment.',
        canRejoin: true,
      };
    case 'reconnectTimedOut':
      return {
        title: 'The connection did not come back',
        text: 'The server could not be reached for too long. Check your network and join again.',
        canRejoin: true,
      };
    case 'engineCrashed':
      return {
        title: 'Something went wrong',
        text: 'This page could not go on with the call. Join again.',
        canRejoin: true,
      };
    default:
      return undefined;
  }
}
