// Proves the codec against every example of docs/protocol.md, and against what is not of its form.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { test } from 'node:test';

import { errorCodes } from './errorCodes';
import { decodeMessage, encodeMessage } from './messageCodec';
import { isNumbered } from './serverMessages';
import type { ClientMessage } from './clientMessages';

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
    const known = clientFields[message.type] ?? [];
    assert.ok(known.length > 0, `${message.type} is not known`);
    for (const field of Object.keys(message)) {
      assert.ok(known.includes(field), `${message.type}.${field}`);
    }
  }
});

const clientFields: { [Type in ClientMessage['type']]: string[] } = {
  join: [
    'type', 'id', 'room', 'token', 'participant', 'name', 'metadata', 'attributes', 'offer',
    'options',
  ],
  resume: ['type', 'id', 'session', 'lastSequence'],
  offer: ['type', 'id', 'offer'],
  publish: ['type', 'id', 'source', 'mid', 'muted'],
  unpublish: ['type', 'id', 'track'],
  mute: ['type', 'id', 'track', 'muted'],
  subscribe: ['type', 'id', 'participant', 'source'],
  unsubscribe: ['type', 'id', 'participant', 'source'],
  setQuality: ['type', 'id', 'participant', 'source', 'quality', 'width', 'height'],
  setRole: ['type', 'id', 'role'],
  updateSelf: ['type', 'id', 'name', 'metadata', 'attributes'],
  renewToken: ['type', 'id', 'token'],
  openStream: ['type', 'id', 'delivery'],
  sendData: ['type', 'id', 'stream', 'data', 'userTimestamp'],
  closeStream: ['type', 'id', 'stream'],
  sendMessage: ['type', 'id', 'message', 'to', 'content'],
  removeParticipant: ['type', 'id', 'participant', 'banSeconds'],
  changeParticipant: [
    'type', 'id', 'participant', 'name', 'metadata', 'attributes', 'role', 'grants',
  ],
  reportQuality: ['type', 'up', 'down'],
  leave: ['type', 'id'],
  ping: ['type', 'id'],
  pong: ['type', 'lastSequence'],
};

test('a type of a later version is passed over, also one named like a property of objects', () => {
  for (const type of ['somethingNew', 'constructor', '__proto__']) {
    assert.deepEqual(decodeMessage(`{"type":"${type}","x":1}`), { unknownType: type });
  }
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
    .filter(([, code]) => isShared(code));
  const shared = Object.entries(errorCodes).filter(([, code]) => isShared(code));
  assert.deepEqual(Object.fromEntries(shared), Object.fromEntries(documented));
});

/** 6xxx never travel. */
function isShared(code: number): boolean {
  return code < 6000 || code >= 7000;
}

test('words of a later version in a known message harm nobody', () => {
  const told = decodeMessage(
    '{"type":"participantJoined","participant":{"id":"bob","role":"guest","priority":"low",' +
      '"attributes":{"__proto__":"x"},"tracks":[{"id":"TR_1","source":"hologram",' +
      '"kind":"video","muted":false}]}}',
  );
  assert.ok('type' in told && told.type === 'participantJoined');
  const { participant } = told;
  assert.equal(participant.role, 'audience');
  assert.equal(participant.priority, 'normal');
  assert.equal(participant.tracks[0]?.source, 'custom');
  assert.deepEqual(Object.entries(participant.attributes ?? {}), [['__proto__', 'x']]);
  const qualities = [{ participant: 'bob', up: 'superb', down: 'good' }];
  assert.deepEqual(decodeMessage(JSON.stringify({ type: 'networkQuality', qualities })), {
    type: 'networkQuality',
    qualities: [{ participant: 'bob', up: 'unknown', down: 'good' }],
  });
  const packet = '{"type":"dataReceived","participant":"a","stream":1,"data":"","userTimestamp":9';
  assert.ok(decodeMessage(`${packet}223372036854775807}`));
});

test('messages are numbered but for those that the protocol names', () => {
  const names = page.slice(page.indexOf('## Breaks')).match(/from 1, except\s([^.]*)\./)?.[1] ?? '';
  const excepted = [...names.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
  assert.ok(excepted.length >= 5);
  for (const type of excepted) assert.ok(!isNumbered(type), type);
  for (const type of ['joined', 'networkQuality']) assert.ok(!isNumbered(type));
  for (const text of examples('server')) {
    const { type } = JSON.parse(text) as { type: string };
    const isExcepted = [...excepted, 'joined', 'networkQuality'].includes(type);
    assert.equal(isNumbered(type), !isExcepted, type);
  }
  assert.ok(isNumbered('somethingNew'));
});
