// Ids of messages that their sender did not name.
// SPDX-License-Identifier: Apache-2.0

/** An id that no other message has: 22 letters and digits. */
export function newMessageID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(22));
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join('');
}
