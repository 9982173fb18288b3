// Session descriptions on their way through the signalling: deflated when they are large.
// SPDX-License-Identifier: Apache-2.0
import { fromBase64, toBase64 } from './base64';
import { MartletError } from './MartletError';
import type { DescriptionBody } from './messages';

/** Above this a description and its envelope would not fit one TCP flight of 14 kB. */
export const deflateAboveBytes = 12_000;

/** A description larger than this once inflated is no honest answer. */
export const inflatedBytesMax = 1_048_576;

/** The form in which a description is sent; deflated over 12 kB where the browser can. */
export async function packDescription(sdp: string): Promise<DescriptionBody> {
  const bytes = new TextEncoder().encode(sdp);
  if (bytes.length <= deflateAboveBytes || typeof CompressionStream === 'undefined') return { sdp };
  let stream: CompressionStream;
  try {
    stream = new CompressionStream('deflate-raw');
  } catch {
    // Browsers of 2022 compress in other formats only.
    return { sdp };
  }
  return { deflated: toBase64(await readAll(bytes, stream, Infinity)) };
}

/** The text of a description received. Throws `malformedMessage` if it cannot be inflated. */
export async function unpackDescription(body: DescriptionBody): Promise<string> {
  if ('sdp' in body) return body.sdp;
  try {
    const bytes = fromBase64(body.deflated);
    const stream = new DecompressionStream('deflate-raw');
    return new TextDecoder().decode(await readAll(bytes, stream, inflatedBytesMax));
  } catch (error) {
    throw new MartletError('malformedMessage', 'The server sent a description that is damaged.', {
      cause: error,
    });
  }
}

async function readAll(
  bytes: Uint8Array,
  through: CompressionStream | DecompressionStream,
  bytesMax: number,
): Promise<Uint8Array> {
  const writer = through.writable.getWriter();
  // What fails here fails the reading below as well.
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => {});
  const reader = through.readable.getReader();
  const parts: Uint8Array[] = [];
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    count += value.length;
    if (count > bytesMax) {
      await reader.cancel();
      throw new RangeError('too large');
    }
    parts.push(value);
  }
  const all = new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
