// Bytes of users inside H.264: SEI messages of the kind user_data_unregistered (ITU-T H.264 §D.1.7).
// SPDX-License-Identifier: Apache-2.0

/** Whose user data it is: `uuid_iso_iec_11578` of the messages that both SDKs write. */
export const metadataUUID: readonly number[] = [
  0x98, 0x91, 0xac, 0x7f, 0xbe, 0x87, 0x40, 0xd3, 0x9e, 0x04, 0x35, 0xaa, 0x18, 0xc2, 0x20, 0x86,
];

/** The most bytes of one message; larger ones are passed over. */
export const userDataBytesMax = 8192;

/** The most messages that are read from one access unit, or written into it. */
export const userDataMessagesMax = 32;

/** Larger units of enhancement information are passed over. */
const unitBytesMax = 64 << 10;
const enhancementType = 6;
const userDataUnregistered = 5;

/**
 * The access unit, a byte stream of Annex B, with messages before its first slice, each in a unit of
 * its own; undefined if it has no slice, or a message is too large, or there are too many.
 */
export function insertUserData(
  accessUnit: Uint8Array,
  messages: readonly Uint8Array[],
): Uint8Array | undefined {
  const isTooMuch = messages.some((message) => message.length > userDataBytesMax);
  const place = firstSlice(accessUnit);
  if (isTooMuch || messages.length > userDataMessagesMax || place === undefined) return undefined;
  const units = messages.map(unitOf);
  const size = units.reduce((sum, unit) => sum + unit.length, accessUnit.length);
  const result = new Uint8Array(size);
  result.set(accessUnit.subarray(0, place));
  let offset = place;
  for (const unit of units) {
    result.set(unit, offset);
    offset += unit.length;
  }
  result.set(accessUnit.subarray(place), offset);
  return result;
}

/**
 * The messages before the first slice of an access unit, in order: at most `userDataMessagesMax`.
 * It may be anything; what cannot be read ends its unit.
 */
export function readUserData(accessUnit: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const [start, end] of units(accessUnit)) {
    const type = (accessUnit[start] ?? 0) & 0x1f;
    if (type >= 1 && type <= 5) break;
    if (type !== enhancementType || end - start > unitBytesMax) continue;
    readUnit(withoutPrevention(accessUnit.subarray(start, end)), messages);
    if (messages.length >= userDataMessagesMax) break;
  }
  return messages;
}

/** Where the start code of the first slice begins, with all of its zeros; also that of the prefix of
 * a slice, which belongs to it (type 14). */
function firstSlice(accessUnit: Uint8Array): number | undefined {
  for (const [start] of units(accessUnit)) {
    const type = (accessUnit[start] ?? 0) & 0x1f;
    if (!(type >= 1 && type <= 5) && type !== 14) continue;
    const code = start - 3;
    return accessUnit[code - 1] === 0 ? code - 1 : code;
  }
  return undefined;
}

/** Where the units stand, from the header byte on; the zeros behind them are left out. */
function* units(stream: Uint8Array): Generator<readonly [number, number]> {
  let code = startCode(stream, 0);
  while (code !== undefined) {
    const start = code + 3;
    code = startCode(stream, start);
    let end = code ?? stream.length;
    while (end > start && stream[end - 1] === 0) end -= 1;
    if (end > start) yield [start, end];
  }
}

/** Where `00 00 01` begins, at `offset` or later. */
function startCode(stream: Uint8Array, offset: number): number | undefined {
  for (let index = offset; index + 2 < stream.length; ) {
    // The third byte tells how far one may go on: most are above 1.
    const third = stream[index + 2];
    if (third === 1 && stream[index] === 0 && stream[index + 1] === 0) return index;
    index += third === 0 ? 1 : 3;
  }
  return undefined;
}

/** A unit with a message: `| 0 0 0 1 | header | type | size … | uuid | bytes | 1 and zeros |`. */
function unitOf(message: Uint8Array): Uint8Array {
  const unit = [0, 0, 0, 1, enhancementType];
  let zeros = 0;
  // No three bytes of a unit look like a start code (§7.4.1).
  const add = (byte: number) => {
    if (zeros >= 2 && byte <= 3) {
      unit.push(3);
      zeros = 0;
    }
    unit.push(byte);
    zeros = byte === 0 ? zeros + 1 : 0;
  };
  add(userDataUnregistered);
  let size = metadataUUID.length + message.length;
  for (; size >= 255; size -= 255) add(255);
  add(size);
  metadataUUID.forEach(add);
  message.forEach(add);
  add(0x80);
  return Uint8Array.from(unit);
}

/** Reads the messages of one unit (§7.3.2.3.1). */
function readUnit(payload: Uint8Array, messages: Uint8Array[]): void {
  let offset = 1; // behind the header
  /** A number as SEI counts: bytes of 255, and one that is less. */
  const number = (): number | undefined => {
    for (let value = 0; offset < payload.length; ) {
      const byte = payload[offset] ?? 0;
      offset += 1;
      value += byte;
      if (byte !== 255) return value;
    }
    return undefined;
  };
  // The last byte is of the trailing bits.
  while (offset < payload.length - 1 && messages.length < userDataMessagesMax) {
    const type = number();
    const size = number();
    if (type === undefined || size === undefined || size > payload.length - offset) return;
    const body = payload.subarray(offset, offset + size);
    offset += size;
    const data = body.subarray(metadataUUID.length);
    const isOurs = metadataUUID.every((byte, index) => body[index] === byte);
    if (type !== userDataUnregistered || !isOurs || data.length > userDataBytesMax) continue;
    messages.push(data);
  }
}

/** The unit without the threes behind two zeros (§7.4.1). */
function withoutPrevention(unit: Uint8Array): Uint8Array {
  const result = new Uint8Array(unit.length);
  let length = 0;
  let zeros = 0;
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    result[length] = byte;
    length += 1;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return result.subarray(0, length);
}
