// Replays docs/vectors/metadata.json: pictures are written and read as the SDK in Swift does.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { test } from 'node:test';

import { insertUserData, userDataBytesMax, userDataMessagesMax } from './h264UserData';
import { checkMetadata, metadataOf, withMetadata } from './metadataMessage';

interface Case {
  readonly name: string;
  readonly picture: string;
  readonly messages: readonly { readonly id: string; readonly data: string }[];
  readonly result?: string;
}

const path = `${env['MARTLET_ROOT']}/docs/vectors/metadata.json`;
const vectors = JSON.parse(readFileSync(path, 'utf8')) as { written: Case[]; read: Case[] };

function bytes(hexadecimal: string): Uint8Array {
  return Uint8Array.from(hexadecimal.match(/../g) ?? [], (two) => parseInt(two, 16));
}

function text(data: Uint8Array | undefined): string | undefined {
  return data && [...data].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function described(picture: Uint8Array): { id: string; data: string | undefined }[] {
  return metadataOf(picture).map(({ id, data }) => ({ id, data: text(data) }));
}

test('D19: pictures are written as in Swift, bit for bit, and read back', () => {
  assert.equal(vectors.written.length, 8);
  for (const { name, picture, messages, result } of vectors.written) {
    const given = messages.map(({ id, data }) => ({ id: BigInt(`0x${id}`), data: bytes(data) }));
    const written = withMetadata(bytes(picture), given);
    assert.equal(text(written), result, name);
    if (written) assert.deepEqual(described(written), messages, name);
  }
});

test('D24: what is read is what Swift reads, whatever stands there', () => {
  assert.equal(vectors.read.length, 10);
  for (const { name, picture, messages } of vectors.read) {
    assert.deepEqual(described(bytes(picture)), messages, name);
  }
});

test('damaged pictures do no harm', () => {
  const [{ result = '' } = { result: '' }] = vectors.written;
  const picture = bytes(result);
  for (let length = 0; length <= picture.length; length += 1) metadataOf(picture.subarray(0, length));
  for (let index = 0; index < picture.length; index += 1) {
    for (const value of [0, 1, 3, 5, 0xff]) {
      const damaged = picture.slice();
      damaged[index] = value;
      for (const { data } of metadataOf(damaged)) assert.ok(data.length <= 4096);
    }
  }
  const many = Array.from({ length: 1000 }, () => [5, 25, ...picture.slice(20, 45)]).flat();
  assert.ok(metadataOf(Uint8Array.from([0, 0, 1, 6, ...many, 0x80])).length <= 32);
});

test('D20: what is too large or too many is not written', () => {
  const slice = Uint8Array.from([0, 0, 1, 0x65, 0x88]);
  const message = new Uint8Array(userDataBytesMax);
  assert.ok(insertUserData(slice, [message]));
  assert.equal(insertUserData(slice, [new Uint8Array(userDataBytesMax + 1)]), undefined);
  const few = Array.from({ length: userDataMessagesMax }, () => new Uint8Array(1));
  assert.ok(insertUserData(slice, few));
  assert.equal(insertUserData(slice, [...few, new Uint8Array(1)]), undefined);
});

test('D20 to D22: sizes, repeats and delays are bounded', () => {
  checkMetadata(new Uint8Array(4096), { repeats: 30, delayMilliseconds: 60_000 });
  checkMetadata(new Uint8Array(1), {});
  const code = { code: 1004 };
  for (const size of [0, 4097]) assert.throws(() => checkMetadata(new Uint8Array(size), {}), code);
  for (const repeats of [0, -1, 31, 1.5, NaN, Infinity]) {
    assert.throws(() => checkMetadata(new Uint8Array(1), { repeats }), code);
  }
  for (const delayMilliseconds of [-1, 60_001, NaN]) {
    assert.throws(() => checkMetadata(new Uint8Array(1), { delayMilliseconds }), code);
  }
});
