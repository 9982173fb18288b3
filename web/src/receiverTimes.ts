/** Asking the browser to measure its round trip where it only receives. */

/**
 * An offer that lets the browser's receivers of pictures send their time (RFC 3611 §4.4), which the server echoes.
 *
 * Who sends nothing learns the round trip in no other way, and asks again for what is missing each 100 ms until it
 * knows it, however near the server is. Browsers understand the word and do not offer it by themselves; one that
 * refuses the changed offer gets its own.
 */
export function withReceiverTimes(offer: string): string {
  const lines = offer.split('\r\n');
  const present = new Set(lines);
  const written: string[] = [];
  for (const line of lines) {
    written.push(line);
    const payloadType = /^a=rtcp-fb:(\d+) nack pli$/.exec(line)?.[1];
    if (payloadType === undefined) continue;
    const feedback = `a=rtcp-fb:${payloadType} rrtr`;
    if (!present.has(feedback)) written.push(feedback);
  }
  return written.join('\r\n');
}
