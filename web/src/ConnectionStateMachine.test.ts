// Proves that only the moves of the table are possible.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectionStateMachine } from './ConnectionStateMachine';
import type { ChangeReason, ConnectionState } from './ConnectionStateMachine';
import { errorCodes } from './errorCodes';

const states: ConnectionState[] = [
  'disconnected', 'connecting', 'connected', 'reconnecting', 'leaving',
];

const pathTo: { [State in ConnectionState]: [ConnectionState, ChangeReason][] } = {
  disconnected: [],
  connecting: [['connecting', 'joinRequested']],
  connected: [['connecting', 'joinRequested'], ['connected', 'joined']],
  reconnecting: [
    ['connecting', 'joinRequested'], ['connected', 'joined'], ['reconnecting', 'signalLost'],
  ],
  leaving: [['connecting', 'joinRequested'], ['leaving', 'left']],
};

function machineIn(state: ConnectionState): ConnectionStateMachine {
  const machine = new ConnectionStateMachine();
  for (const [to, reason] of pathTo[state]) machine.move(to, reason);
  return machine;
}

test('it begins disconnected, because nobody joined', () => {
  const machine = new ConnectionStateMachine();
  assert.equal(machine.state, 'disconnected');
  assert.equal(machine.reason, 'notJoined');
});

test('exactly eleven pairs of states are connected by legal moves', () => {
  const reasons: ChangeReason[] = [
    'joinRequested', 'joined', 'left', 'networkChanged', 'resumed', 'reconnectTimedOut',
    'signalLost', 'linkFailed', 'kicked',
  ];
  const pairs: string[] = [];
  for (const from of states) {
    for (const to of states) {
      if (reasons.some((reason) => machineIn(from).allows(to, reason))) pairs.push(`${from}>${to}`);
    }
  }
  assert.deepEqual(pairs, [
    'disconnected>connecting',
    'connecting>disconnected',
    'connecting>connected',
    'connecting>leaving',
    'connected>disconnected',
    'connected>reconnecting',
    'connected>leaving',
    'reconnecting>disconnected',
    'reconnecting>connected',
    'reconnecting>leaving',
    'leaving>disconnected',
  ]);
});

test('an illegal move throws and changes nothing', () => {
  for (const from of states) {
    const machine = machineIn(from);
    assert.throws(() => machine.move(from, 'left'), { code: errorCodes.invalidState });
    assert.equal(machine.state, from);
  }
});

test('joining is possible again after every end', () => {
  const machine = machineIn('connected');
  machine.move('disconnected', 'kicked');
  assert.deepEqual(machine.move('connecting', 'joinRequested'), {
    from: 'disconnected',
    to: 'connecting',
    reason: 'joinRequested',
  });
});

test('a reason of another move does not open the way', () => {
  assert.equal(machineIn('connecting').allows('disconnected', 'kicked'), false);
  assert.equal(machineIn('leaving').allows('disconnected', 'signalLost'), false);
});
