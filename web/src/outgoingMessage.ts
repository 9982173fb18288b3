// Messages as an application sends them, and what becomes of them.
// SPDX-License-Identifier: Apache-2.0

/** A message to some, or to everybody else in the room. */
export interface OutgoingMessage {
  /** To whom, by id; to everybody else unless given. */
  to?: readonly string[];
  /** At most 4096 bytes of text. */
  content: string;
  /** Its id; the SDK makes one unless given. */
  id?: string;
}

/** What became of a message. */
export interface SentMessage {
  readonly id: string;
  /** Those of `to` who are not here. */
  readonly unreachable: readonly string[];
}
