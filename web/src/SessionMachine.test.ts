// Replays docs/vectors/session.json: this machine does exactly what the one in Swift does.
// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { env } from 'node:process';
import { test } from 'node:test';

import { isFailure, isLegalMove } from './connectionMoves';
import type { ChangeReason, ConnectionChange, ConnectionState } from './connectionMoves';
import { errorCodes } from './errorCodes';
import type { MachineAction, MachineInput } from './machineInputs';
import { SessionMachine } from './SessionMachine';
import { pauseBefore } from './sessionTiming';

interface Step {
  readonly at: number;
  readonly input: MachineInput;
  readonly out: string[];
  readonly refused?: boolean;
  readonly state: ConnectionState;
  readonly reason: ChangeReason;
  readonly attempt: number;
  readonly lost?: string;
  readonly next?: number;
}

interface Trace {
  readonly name: string;
  readonly configuration: {
    readonly jitterSeed: number;
    readonly watchesMedia: boolean;
    readonly windowMilliseconds: number;
  };
  readonly steps: Step[];
}

interface Vectors {
  readonly states: ConnectionState[];
  readonly reasons: ChangeReason[];
  readonly moves: ConnectionChange[];
  readonly pauses: number[];
  readonly traces: Trace[];
}

const path = `${env['MARTLET_ROOT'] ?? '..'}/docs/vectors/session.json`;
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors;

function told(action: MachineAction): string {
  if (action.type !== 'changed') return action.type;
  const { from, to, reason } = action.change;
  return `${from}>${to}:${reason}`;
}

function replay(trace: Trace): Step[] {
  const { jitterSeed, watchesMedia, windowMilliseconds } = trace.configuration;
  const machine = new SessionMachine(jitterSeed, { watchesMedia, window: windowMilliseconds });
  return trace.steps.map(({ at, input }) => {
    let out: string[] = [];
    let isRefused = false;
    try {
      out = machine.handle(input, at).map(told);
    } catch {
      isRefused = true;
    }
    const { state, reason, attempt, lostLink, nextDeadline } = machine;
    return {
      at,
      input,
      out,
      ...(isRefused && { refused: true }),
      state,
      reason,
      attempt,
      ...(lostLink && { lost: lostLink }),
      ...(nextDeadline !== undefined && { next: nextDeadline }),
    };
  });
}

test('every trace of the shared file comes out the same', () => {
  assert.ok(vectors.traces.length > 50);
  for (const trace of vectors.traces) {
    const steps = replay(trace);
    for (const [index, step] of trace.steps.entries()) {
      assert.deepEqual(steps[index], step, `${trace.name}, step ${index}`);
    }
  }
});

test('exactly the moves of the table are legal', () => {
  const legal = new Set(vectors.moves.map(({ from, to, reason }) => `${from}>${to}:${reason}`));
  assert.equal(legal.size, 40);
  for (const from of vectors.states) {
    for (const to of vectors.states) {
      for (const reason of vectors.reasons) {
        const isKnown = legal.has(`${from}>${to}:${reason}`);
        assert.equal(isLegalMove({ from, to, reason }), isKnown, `${from}>${to}:${reason}`);
      }
    }
  }
});

test('the pauses between tries are those of all SDKs', () => {
  assert.deepEqual(vectors.pauses.map((_pause, index) => pauseBefore(index + 1)), vectors.pauses);
});

test('B01: a machine is disconnected before anybody joined, and that is no failure', () => {
  const machine = new SessionMachine(1);
  assert.equal(machine.state, 'disconnected');
  assert.equal(machine.reason, 'notJoined');
  assert.equal(machine.nextDeadline, undefined);
  assert.deepEqual(vectors.reasons.filter((reason) => !isFailure(reason)).sort(), [
    'kicked', 'left', 'notJoined', 'roomClosed',
  ]);
});

test('B05: the window for coming back is 30 to 50 s, and nothing else', () => {
  for (const window of [30_000, 45_000, 50_000]) new SessionMachine(1, { window });
  for (const window of [29_000, 29_999, 50_001, 51_000, NaN, Infinity]) {
    assert.throws(() => new SessionMachine(1, { window }), { code: errorCodes.invalidArgument });
  }
});
