// What the state machine of a client's connection is told, and what it wants done.
// SPDX-License-Identifier: Apache-2.0
import type { ConnectionChange } from './connectionMoves';
import type { LeaveReason } from './messages';

/** Something that happened. */
export type MachineInput =
  /** The application wants to join; only a client that is `disconnected` may. */
  | { readonly type: 'join' }
  /** The application wants to leave; does nothing where there is nothing to leave. */
  | { readonly type: 'leave' }
  /** The socket that was asked for is open. */
  | { readonly type: 'socketOpened' }
  /** The socket cannot be opened, or broke. */
  | { readonly type: 'socketClosed' }
  /** A message arrived, whatever it says. Told before what the message says. */
  | { readonly type: 'heard' }
  /** `joined` arrived; `canResume`: the server keeps the session when a link breaks. */
  | { readonly type: 'joined'; readonly canResume: boolean }
  | { readonly type: 'joinRefused'; readonly code: number }
  | { readonly type: 'resumed' }
  | { readonly type: 'resumeRefused'; readonly code: number }
  | { readonly type: 'disconnected'; readonly reason: LeaveReason; readonly rejoin: boolean }
  /** `leave` was answered. */
  | { readonly type: 'leaveConfirmed' }
  /** Something arrived over the media link since this was last told. */
  | { readonly type: 'mediaHeard' }
  /** The server refused to restart ICE: it does not know the session's media any more. */
  | { readonly type: 'restartRefused' }
  /** The media link is beyond repair: its handshake failed, or its agent has given up. */
  | { readonly type: 'mediaFailed' }
  /** The network is another one. */
  | { readonly type: 'networkChanged' }
  /** Nothing but time has passed. */
  | { readonly type: 'advance' };

/** Something to be done. */
export type MachineAction =
  | { readonly type: 'changed'; readonly change: ConnectionChange }
  | { readonly type: 'openSocket' }
  /** Close the socket, or give up opening it; nothing it still brings counts. */
  | { readonly type: 'closeSocket' }
  /** Send `join` with the offer of a media link made for it. */
  | { readonly type: 'sendJoin' }
  | { readonly type: 'sendResume' }
  | { readonly type: 'sendLeave' }
  | { readonly type: 'sendPing' }
  /** Restart ICE: send `offer` with new ICE credentials. */
  | { readonly type: 'restartMedia' }
  /** Throw the media link away; it belongs to a session that is over. */
  | { readonly type: 'endMedia' };
