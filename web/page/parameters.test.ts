// Proves what is read from the page's address and what an invitation gives away.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inviteLink, readParameters } from './parameters';

test('an empty address gives defaults', () => {
  const parameters = readParameters('');
  assert.equal(parameters.room, undefined);
  assert.equal(parameters.autojoin, false);
  assert.equal(parameters.camera, true);
});

test('what is given is read, nonsense is left out', () => {
  const parameters = readParameters(
    '?room=daily%20call&name=%20Ada&autojoin=1&camera=0&codec=VP9&width=640&height=-3',
  );
  assert.equal(parameters.room, 'daily call');
  assert.equal(parameters.name, 'Ada');
  assert.equal(parameters.autojoin, true);
  assert.equal(parameters.camera, false);
  assert.equal(parameters.codec, 'vp9');
  assert.equal(parameters.width, 640);
  assert.equal(parameters.height, undefined);
  assert.equal(readParameters('?codec=constructor').codec, undefined);
  const broadcast = readParameters('?profile=Broadcast&role=audience&tokenUrl=/token');
  assert.deepEqual(
    [broadcast.profile, broadcast.role, broadcast.tokenUrl],
    ['broadcast', 'audience', '/token'],
  );
  assert.equal(readParameters('?svc=1').svc, true);
  assert.equal(readParameters('?svc=L2T3').svc, 'L2T3');
  assert.equal(parameters.svc, undefined);
  assert.equal(parameters.simulcast, undefined);
  assert.equal(readParameters('?svc=0').svc, false);
  assert.equal(readParameters('?simulcast=0').simulcast, false);
  assert.equal(readParameters('?simulcast=1').simulcast, true);
  assert.equal(readParameters('?simulcast=yes').simulcast, undefined);
  assert.equal(readParameters('?profile=party&role=king').profile, undefined);
  assert.equal(readParameters('?profile=party&role=king').role, undefined);
});

test('an invitation names the room and nothing of oneself', () => {
  const link = inviteLink('https://a.example/?room=x&token=secret&tokenUrl=/t&name=Ada#y', 'a & b');
  assert.equal(link, 'https://a.example/?room=a+%26+b');
  assert.equal(readParameters(new URL(link).search).room, 'a & b');
});
