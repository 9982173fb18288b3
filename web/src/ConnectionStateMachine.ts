// The states of a connection to a room, and which moves between them are legal for which reason.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';

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

/** What broke. */
export type LostLink = 'signalLost' | 'mediaLost';

/** Why a connection is in its state. */
export type ChangeReason =
  | 'notJoined'
  | 'joinRequested'
  | 'joined'
  | 'left'
  | 'networkChanged'
  | 'serverMoved'
  | 'resumed'
  | 'restarted'
  | 'reconnectTimedOut'
  | LostLink
  | JoinFailure
  | SessionEnd;

/** One move of the state machine. */
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

// Until sessions are resumed, a lost link ends them.
const lostLinks: readonly ChangeReason[] = ['signalLost', 'mediaLost'];

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
    disconnected: [...sessionEnds, ...lostLinks],
  },
  reconnecting: {
    connected: ['resumed', 'restarted'],
    disconnected: ['reconnectTimedOut', ...sessionEnds],
    leaving: ['left'],
  },
  leaving: { disconnected: ['left'] },
};

/** Holds the state; refuses every move that the table does not have. */
export class ConnectionStateMachine {
  #state: ConnectionState = 'disconnected';
  #reason: ChangeReason = 'notJoined';

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it stands there. */
  get reason(): ChangeReason {
    return this.#reason;
  }

  /** Whether the move is in the table. */
  allows(to: ConnectionState, reason: ChangeReason): boolean {
    return legalMoves[this.#state][to]?.includes(reason) ?? false;
  }

  /** Makes a move. Throws `invalidState` for one that is not in the table. */
  move(to: ConnectionState, reason: ChangeReason): ConnectionChange {
    if (!this.allows(to, reason)) {
      throw new MartletError(
        'invalidState',
        `A connection that is ${this.#state} cannot become ${to} (${reason}).`,
      );
    }
    const change = { from: this.#state, to, reason };
    this.#state = to;
    this.#reason = reason;
    return change;
  }
}
