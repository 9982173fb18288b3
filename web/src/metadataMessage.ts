// What an application sends inside a picture, and within which bounds.
// SPDX-License-Identifier: Apache-2.0
import { insertUserData, readUserData } from './h264UserData';
import { MartletError } from './MartletError';

/** The bounds of both SDKs. */
export const metadataLimits = {
  /** The most bytes of a message. */
  bytes: 4096,
  /** With how many pictures a message goes out at most. */
  repeats: 30,
  /** The longest delay. */
  delayMilliseconds: 60_000,
  /** So many messages wait for pictures at most. */
  queue: 64,
  /** The most messages in one picture. */
  frameMessages: 4,
  /** The most bytes of messages in one picture, unless one message alone has more. */
  frameBytes: 8192,
} as const;

/** How a message goes out. */
export interface MetadataOptions {
  /** With how many pictures, 1 to 30, against loss: receivers tell it once. 2 unless given. */
  repeats?: number;
  /** How long it waits before the first of them: 0 (unless given) to 60,000. */
  delayMilliseconds?: number;
  /** Whether it goes out with keyframes alone, of which calls have few. */
  keyFramesOnly?: boolean;
}

/** A message in a picture. */
export interface MetadataMessage {
  /** The same for all its repetitions, and another for each message of a sender. */
  readonly id: string;
  readonly data: Uint8Array;
}

const idBytes = 8;

/** Throws `invalidArgument` for what cannot be sent. */
export function checkMetadata(data: Uint8Array, options: MetadataOptions): void {
  const { bytes, repeats: repeatsMax, delayMilliseconds: delayMax } = metadataLimits;
  const { repeats = 2, delayMilliseconds = 0 } = options;
  const refuse = (message: string) => new MartletError('invalidArgument', message);
  if (data.length < 1 || data.length > bytes) throw refuse(`Metadata has 1 to ${bytes} bytes.`);
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > repeatsMax) {
    throw refuse(`Metadata is repeated 1 to ${repeatsMax} times.`);
  }
  if (!(delayMilliseconds >= 0 && delayMilliseconds <= delayMax)) {
    throw refuse('Metadata waits 0 to 60 seconds.');
  }
}

/** A picture of H.264 with messages in it; undefined if it can take none. */
export function withMetadata(
  picture: Uint8Array,
  messages: readonly { id: bigint; data: Uint8Array }[],
): Uint8Array | undefined {
  const all = messages.map(({ id, data }) => {
    const message = new Uint8Array(idBytes + data.length);
    new DataView(message.buffer).setBigUint64(0, id);
    message.set(data, idBytes);
    return message;
  });
  return insertUserData(picture, all);
}

/** The messages in a picture of H.264, which may be anything; others than ours are left out. */
export function metadataOf(picture: Uint8Array): MetadataMessage[] {
  const messages: MetadataMessage[] = [];
  for (const bytes of readUserData(picture)) {
    const size = bytes.length - idBytes;
    if (size < 1 || size > metadataLimits.bytes) continue;
    const id = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0).toString(16);
    messages.push({ id, data: bytes.slice(idBytes) });
  }
  return messages;
}
