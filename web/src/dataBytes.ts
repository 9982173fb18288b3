// What an application may send as bytes.
// SPDX-License-Identifier: Apache-2.0

/** What may be sent; text is sent as UTF-8. */
export type DataBytes = Uint8Array | ArrayBuffer | string;

/** The bytes of it. */
export function toBytes(data: DataBytes): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  return data instanceof Uint8Array ? data : new Uint8Array(data);
}
