// What the chat tells of the room itself: who came and went, broke off and is back, and is what.
// SPDX-License-Identifier: Apache-2.0
import type { LeaveReason, ParticipantRole } from '../../src/index';

/** Why somebody is not there any more. */
export function leftText(name: string, reason: LeaveReason): string {
  switch (reason) {
    case 'timeout':
    case 'networkLost':
    case 'fellBehind':
      return `${name} lost the connection.`;
    case 'kicked':
      return `${name} was removed.`;
    case 'duplicateIdentity':
      return `${name} joined somewhere else.`;
    case 'tokenExpired':
      return `${name} left: the access had run out.`;
    case 'becameAudience':
      return `${name} is now in the audience.`;
    case 'left':
    case 'roomClosed':
    case 'serverShutdown':
      return `${name} left.`;
  }
}

/** Somebody else has another role. */
export function roleText(name: string, role: ParticipantRole): string {
  return role === 'host' ? `${name} is now a host.` : `${name} is now in the audience.`;
}

/** One has another role oneself. */
export function ownRoleText(role: ParticipantRole): string {
  return role === 'host'
    ? 'You are now a host: the others can see and hear you.'
    : 'You are now in the audience: you are neither seen nor heard.';
}
