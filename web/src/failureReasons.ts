// Which state reason an error or a server's word stands for.
// SPDX-License-Identifier: Apache-2.0
import type { JoinFailure, LostLink, SessionEnd } from './ConnectionStateMachine';
import type { MartletError } from './MartletError';
import type { LeaveReason } from './messages';

/** Why joining failed, from the error it failed with. */
export function joinFailure(error: MartletError): JoinFailure {
  switch (error.codeName) {
    case 'tokenRequired':
    case 'tokenExpired':
    case 'permissionDenied':
    case 'roomNotFound':
    case 'duplicateIdentity':
    case 'joinTimedOut':
      return error.codeName;
    case 'roomFull':
    case 'tooManyRooms':
      return 'roomFull';
    case 'linkFailed':
    case 'linkLost':
      return 'linkFailed';
    case 'roomClosed':
      return 'roomNotFound';
    default:
  }
  if (error.code >= 2000 && error.code < 3000) return 'tokenInvalid';
  return error.code >= 5000 && error.code < 6000 ? 'serverUnavailable' : 'invalidArgument';
}

/** What ends a standing session when the server says `disconnected`. */
export function sessionEnd(reason: LeaveReason): SessionEnd | LostLink {
  switch (reason) {
    case 'duplicateIdentity':
    case 'kicked':
    case 'roomClosed':
    case 'serverShutdown':
    case 'tokenExpired':
      return reason;
    case 'left':
    case 'timeout':
    case 'networkLost':
    case 'fellBehind':
    case 'becameAudience':
      return 'signalLost';
  }
}
