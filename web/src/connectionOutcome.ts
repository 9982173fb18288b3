// What the server's words mean for a connection: error codes and reasons as reasons of moves.
// SPDX-License-Identifier: Apache-2.0
import type { JoinFailure, SessionEnd } from './connectionMoves';
import { errorCodes } from './errorCodes';
import type { ErrorName } from './errorCodes';
import type { LeaveReason } from './messages';

const names = new Map<number, ErrorName>(
  Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorName]),
);

/** Why joining failed, when it was refused with this code. */
export function joinFailure(code: number): JoinFailure {
  switch (names.get(code)) {
    case 'tokenRequired':
      return 'tokenRequired';
    case 'tokenExpired':
      return 'tokenExpired';
    case 'permissionDenied':
    case 'kicked':
    case 'banned':
      return 'permissionDenied';
    case 'roomNotFound':
    case 'roomClosed':
      return 'roomNotFound';
    case 'roomFull':
    case 'tooManyRooms':
      return 'roomFull';
    case 'duplicateIdentity':
      return 'duplicateIdentity';
    case 'linkFailed':
    case 'linkLost':
      return 'linkFailed';
    case 'tooManyRequests':
      return 'serverUnavailable';
    default:
  }
  // Codes of a later version go by their first digit.
  if (code >= 2000 && code < 3000) return 'tokenInvalid';
  return code >= 5000 && code < 6000 ? 'serverUnavailable' : 'invalidArgument';
}

/**
 * What ends a session when the server refuses, with this code, to take it up again or to let it in
 * anew; undefined: nothing is decided by it, and trying again may help.
 */
export function sessionEndOfCode(code: number): SessionEnd | undefined {
  switch (names.get(code)) {
    case 'kicked':
    case 'banned':
      return 'kicked';
    case 'roomClosed':
    case 'roomNotFound':
      return 'roomClosed';
    case 'duplicateIdentity':
      return 'duplicateIdentity';
    case 'tokenExpired':
      return 'tokenExpired';
    case 'tokenNotYetValid':
    case 'profileMismatch':
      return 'permissionDenied';
    default:
      return code >= 2000 && code < 3000 ? 'permissionDenied' : undefined;
  }
}

/** Whether a refusal is of the moment, so that the same session may be taken up a little later. */
export function isPassing(code: number): boolean {
  return (code >= 5000 && code < 6000) || code === errorCodes.tooManyRequests;
}

/**
 * What ends a session that is told `disconnected` for this reason; undefined: the session is over,
 * and its client comes back as a new one.
 */
export function sessionEndOfReason(reason: LeaveReason): SessionEnd | undefined {
  switch (reason) {
    case 'kicked':
    case 'roomClosed':
    case 'duplicateIdentity':
    case 'tokenExpired':
    case 'serverShutdown':
      return reason;
    case 'left':
    case 'timeout':
    case 'networkLost':
    case 'fellBehind':
    case 'becameAudience':
      return undefined;
  }
}
