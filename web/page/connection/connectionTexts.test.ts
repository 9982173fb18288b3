// Proves what is said of a connection that breaks, is back, or is over.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { backText, farewell, ordinal, reconnectingText, stateTexts } from './connectionTexts';

test('the states have words', () => {
  assert.equal(stateTexts.connected, 'Connected');
  assert.equal(stateTexts.reconnecting, 'Reconnecting…');
});

test('ordinals', () => {
  assert.deepEqual([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal), [
    '1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th',
  ]);
});

test('a break says which link is lost and which try this is', () => {
  assert.equal(
    reconnectingText('signalLost', 'signal', 2),
    'Reconnecting: your connection to the server was lost, 2nd try…',
  );
  assert.equal(
    reconnectingText('mediaLost', 'media', 1),
    'Reconnecting: sound and picture no longer get through…',
  );
  assert.equal(
    reconnectingText('signalLost', 'both', 0),
    'Reconnecting: your connection to the server was lost, and sound and picture with it…',
  );
  assert.equal(
    reconnectingText('serverMoved', 'both', 3),
    'Reconnecting: the server is being restarted, 3rd try…',
  );
});

test('coming back says how long it took and whether something is lost', () => {
  assert.equal(backText('resumed', 0), 'Connected again after a moment.');
  assert.equal(
    backText('restarted', 12),
    'Connected again after 12 s; what was said meanwhile is lost.',
  );
});

test('every end that one did not choose has a farewell', () => {
  const ends = [
    'kicked', 'roomClosed', 'duplicateIdentity', 'tokenExpired', 'permissionDenied',
    'serverShutdown', 'reconnectTimedOut', 'engineCrashed',
  ] as const;
  assert.ok(ends.every((reason) => farewell(reason)?.text));
  assert.equal(farewell('kicked')?.title, 'Removed by the host');
  assert.equal(farewell('left'), undefined);
  assert.equal(farewell('notJoined'), undefined);
});

test('an expired token can be joined with again only where a new one is to be had', () => {
  assert.equal(farewell('tokenExpired')?.canRejoin, false);
  assert.equal(farewell('tokenExpired', true)?.canRejoin, true);
});
