// Why a session is disturbed or over, as errors.
// SPDX-License-Identifier: Apache-2.0
import type { ChangeReason } from './connectionMoves';
import { MartletError } from './MartletError';
import type { LeaveReason } from './messages';

/** What a change to a worse state is explained by.
 * @param last What went wrong last, if anything did. */
export function errorOfChange(
  reason: ChangeReason,
  last: MartletError | undefined,
): MartletError | undefined {
  switch (reason) {
    case 'joinRequested':
      return undefined;
    case 'joinTimedOut':
      return new MartletError('joinTimedOut', 'The server did not let us in in time.');
    case 'mediaLost':
      return new MartletError('linkLost', 'Audio and video no longer arrive.');
    case 'networkChanged':
      return new MartletError('linkLost', 'The network is another one.');
    case 'reconnectTimedOut':
      return new MartletError('linkLost', 'The connection did not come back in time.');
    default:
      return last ?? new MartletError('linkLost', 'The server is not heard any more.');
  }
}

/** The code of the error that says why the server ended the session. */
export function codeOf(reason: LeaveReason) {
  switch (reason) {
    case 'kicked':
    case 'roomClosed':
    case 'duplicateIdentity':
    case 'tokenExpired':
      return reason;
    case 'serverShutdown':
      return 'serverShuttingDown';
    default:
      return 'linkLost';
  }
}
