// The states of a connection to a room, and which moves between them are legal for which reason.
// SPDX-License-Identifier: Apache-2.0

/** Where a connection stands. */
export type ConnectionState =
  | 'disconnected'
  | 'connecting'
  | 'connected'
  | 'reconnecting'
  | 'leaving';

/** Why joining failed. */
export type JoinFailure =
  | 'roomLookupFailed'
  | 'linkFailed'
  | 'tokenInvalid'
  | 'tokenRequired'
  | 'tokenExpired'
  | 'permissionDenied'
  | 'roomFull'
  | 'roomNotFound'
  | 'duplicateIdentity'
  | 'encryptionMismatch'
  | 'invalidArgument'
  | 'joinTimedOut'
  | 'serverUnavailable';

/** Why a session that stood has ended. */
export type SessionEnd =
  | 'kicked'
  | 'roomClosed'
  | 'duplicateIdentity'
  | 'tokenExpired'
  | 'permissionDenied'
  | 'serverShutdown'
  | 'engineCrashed';

/** Why a connection is being mended. */
export type LossReason = 'signalLost' | 'mediaLost' | 'networkChanged' | 'serverMoved';

/** Which link of a connection is broken. */
export type LostLink = 'signal' | 'media' | 'both';

/**
 * Why a connection is in its state. After a break `resumed` means that the session goes on as it
 * was, and `restarted` that a new one took its place.
 */
export type ChangeReason =
  | 'notJoined'
  | 'joinRequested'
  | 'joined'
  | 'left'
  | 'resumed'
  | 'restarted'
  | 'reconnectTimedOut'
  | LossReason
  | JoinFailure
  | SessionEnd;

/** One move of a connection. */
export interface ConnectionChange {
  readonly from: ConnectionState;
  readonly to: ConnectionState;
  readonly reason: ChangeReason;
}

const joinFailures: readonly ChangeReason[] = [
  'roomLookupFailed',
  'linkFailed',
  'tokenInvalid',
  'tokenRequired',
  'tokenExpired',
  'permissionDenied',
  'roomFull',
  'roomNotFound',
  'duplicateIdentity',
  'encryptionMismatch',
  'invalidArgument',
  'joinTimedOut',
  'serverUnavailable',
];

const sessionEnds: readonly ChangeReason[] = [
  'kicked',
  'roomClosed',
  'duplicateIdentity',
  'tokenExpired',
  'permissionDenied',
  'serverShutdown',
  'engineCrashed',
];

const legalMoves: {
  readonly [From in ConnectionState]: {
    readonly [To in ConnectionState]?: readonly ChangeReason[];
  };
} = {
  disconnected: { connecting: ['joinRequested'] },
  connecting: { connected: ['joined'], disconnected: joinFailures, leaving: ['left'] },
  connected: {
    reconnecting: ['signalLost', 'mediaLost', 'networkChanged', 'serverMoved'],
    leaving: ['left'],
    disconnected: sessionEnds,
  },
  reconnecting: {
    connected: ['resumed', 'restarted'],
    disconnected: ['reconnectTimedOut', ...sessionEnds],
    leaving: ['left'],
  },
  leaving: { disconnected: ['left'] },
};

/** Whether the table has the move. */
export function isLegalMove({ from, to, reason }: ConnectionChange): boolean {
  return legalMoves[from][to]?.includes(reason) ?? false;
}

/** Whether a move to `disconnected` for this reason is a failure: nobody wanted it. */
export function isFailure(reason: ChangeReason): boolean {
  return !['notJoined', 'left', 'kicked', 'roomClosed'].includes(reason);
}
