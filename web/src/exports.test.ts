// Proves what the SDK must not contain: nothing that makes tokens belongs into a page.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { env } from 'node:process';
import { test } from 'node:test';

import * as sdk from './index';

test('T04: the SDK takes tokens and has no way to make one', () => {
  assert.deepEqual(Object.keys(sdk).sort(), [
    'MartletError', 'Room', 'decibelsOfFullScale', 'errorCodes', 'gradeLimits', 'isFailure',
    'networkGrade', 'volumePercent',
  ]);
  const verbs = Object.getOwnPropertyNames(sdk.Room.prototype);
  assert.deepEqual(verbs.filter((name) => /token|sign(?!al)|secret|key/i.test(name)), [
    'renewToken',
  ]);
  const folder = `${env['MARTLET_ROOT']}/web/src`;
  const files = readdirSync(folder).filter((name) => /(?<!\.test)\.ts$/.test(name));
  assert.ok(files.includes('Room.ts') && files.includes('Session.ts'));
  for (const name of files) {
    const source = readFileSync(`${folder}/${name}`, 'utf8');
    const found = /HS256|HMAC|\bsubtle\b|\bsign\s*\(|\bsecret/i.exec(source);
    assert.equal(found?.[0], undefined, name);
  }
});
