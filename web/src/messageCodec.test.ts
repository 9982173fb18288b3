// Proves the codec against every example of docs/protocol.md, and against what is not of its form.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { decodeMessage, encodeMessage } from './messageCodec';
import type { ClientMessage } from './messages';

const root = env['MARTLET_ROOT'] ?? '..';
const page = readFileSync(`${root}/docs/protocol.md`, 'utf8');

function examples(sender: 'client' | 'server'): string[] {
  const fence = new RegExp('```json ' + sender + '\\n([\\s\\S]*?)\\n```', 'g');
  return [...page.matchAll(fence)].map((match) => match[1] ?? '');
}

test('every server example is read, and nothing of it is lost', () => {
  const all = examples('server');
  assert.ok(all.length >= 15);
  for (const text of all) assert.deepEqual(decodeMessage(text), JSON.parse(text), text);
});

test('every client example is what the encoder writes', () => {
  const all = examples('client');
  assert.ok(all.length >= 10);
  for (const text of all) {
    const message = JSON.parse(text) as ClientMessage;
    assert.deepEqual(JSON.parse(encodeMessage(message)), message);
    for (const field of Object.keys(message)) {
      assert.ok(clientFields[message.type].includes(field), `${message.type}.${field}`);
    }
  }
});

const clientFields: { [Type in ClientMessage['type']]: string[] } = {
  join: [
    'type', 'id', 'room', 'token', 'participant', 'name', 'metadata', 'offer', 'options',
  ],
  offer: ['type', 'id', 'offer'],
  publish: ['type', 'id', 'source', 'mid', 'muted'],
  unpublish: ['type', 'id', 'track'],
  mute: ['type', 'id', 'track', 'muted'],
  subscribe: ['type', 'id', 'participant', 'source'],
  unsubscribe: ['type', 'id', 'participant', 'source'],
  leave: ['type', 'id'],
  ping: ['type', 'id'],
  pong: ['type'],
};

test('a type of a later version is passed over, also one named like a property of objects', () => {
  assert.equal(decodeMessage('{"type":"somethingNew","x":1}'), undefined);
  assert.equal(decodeMessage('{"type":"constructor"}'), undefined);
  assert.equal(decodeMessage('{"type":"__proto__"}'), undefined);
});

test('unknown fields are ignored', () => {
  assert.deepEqual(decodeMessage('{"type":"ok","id":4,"later":true}'), { type: 'ok', id: 4 });
});

test('a message cut anywhere, or with a field of another type, is refused and nothing else', () => {
  for (const text of examples('server')) {
    for (let end = 0; end < text.length; end += 1) refused(text.slice(0, end));
    const value = JSON.parse(text) as Record<string, unknown>;
    for (const field of Object.keys(value)) {
      for (const wrong of [null, 1.5, [], {}, 'x', true, [[]], [null]]) {
        try {
          decodeMessage(JSON.stringify({ ...value, [field]: wrong }));
        } catch (error) {
          assert.equal((error as { code?: number }).code, errorCodes.malformedMessage);
        }
      }
    }
  }
});

function refused(text: string): void {
  assert.throws(() => decodeMessage(text), { code: errorCodes.malformedMessage });
}

test('what is no object is refused', () => {
  for (const text of ['', '1', '"ok"', '[]', 'null', '{}', '{"type":7}']) refused(text);
});

test('the shared error codes are those of docs/errors.md', () => {
  const table = readFileSync(`${root}/docs/errors.md`, 'utf8');
  const rows = [...table.matchAll(/^\| (\d{4}) \| `(\w+)`/gm)];
  const documented = rows
    .map((row): [string, number] => [row[2] ?? '', Number(row[1])])
    .filter(([, code]) => code < 6000);
  const shared = Object.entries(errorCodes).filter(([, code]) => code < 6000);
  assert.deepEqual(Object.fromEntries(shared), Object.fromEntries(documented));
});
