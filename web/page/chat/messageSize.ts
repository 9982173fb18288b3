// How long a message may be, and what is said of one that is too long.
// SPDX-License-Identifier: Apache-2.0

/** The most bytes of UTF-8 of one message (docs/protocol.md, Messages). */
export const messageBytesMax = 4096;

/** From here on the writer is told how much is left. */
const nearBytes = 3600;

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** What is told of the length while writing; empty while there is plenty of room. */
export function sizeHint(text: string): string {
  // No character has more than three bytes a unit: most texts need not be counted.
  if (text.length * 3 < nearBytes) return '';
  const bytes = bytesOf(text);
  if (bytes > messageBytesMax) {
    return `Too long by ${bytes - messageBytesMax} bytes: shorten it, or send it in parts.`;
  }
  return bytes >= nearBytes ? `${messageBytesMax - bytes} bytes left.` : '';
}
