// Lets lost sound be asked for again, which browsers can do and do not offer.
// SPDX-License-Identifier: Apache-2.0

/**
 * An offer with `nack` among the feedback of every Opus format.
 *
 * Only the server reads it so; the browser keeps the offer it wrote. It obeys the answer, in which the
 * server repeats the word: its sender then keeps what it has sent, and its receiver asks for what it lacks.
 */
export function withAudioRepair(offer: string): string {
  const lines = offer.split('\r\n');
  const written: string[] = [];
  for (const line of lines) {
    written.push(line);
    const payloadType = /^a=rtpmap:(\d+) opus\/48000/i.exec(line)?.[1];
    if (payloadType === undefined) continue;
    const feedback = `a=rtcp-fb:${payloadType} nack`;
    if (!lines.includes(feedback)) written.push(feedback);
  }
  return written.join('\r\n');
}
