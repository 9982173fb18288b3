// What is known of the call one is in.
// SPDX-License-Identifier: Apache-2.0
import type { RoomInfo } from './messages';

/** The call one is in. */
export interface CallInfo extends RoomInfo {
  /** One's own id. */
  readonly participant: string;
  /** When one came; a restart of the session does not change it. */
  readonly joinedAt: Date;
  /** How long the server keeps the session when a link breaks; undefined: not at all. */
  readonly resumeSeconds: number | undefined;
}
