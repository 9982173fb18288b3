// Why joining did not work, in words that say what to do.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from '../../src/index';
import type { ErrorName } from '../../src/index';

const texts: { readonly [Name in ErrorName]?: string } = {
  invalidRoomName: 'A room name has up to 64 letters, digits, spaces and simple signs. Change it.',
  invalidParticipantID: 'The id in the address cannot be used. Leave out “participant=”.',
  invalidDisplayName: 'That name is too long or has signs in it that cannot be shown. Change it.',
  tokenRequired:
    'This server lets nobody in without an invitation. Open the link that was sent to you.',
  tokenExpired: 'Your link has expired. Ask for a new one.',
  tokenNotYetValid: 'Your link is not valid yet. Try again later.',
  tokenWrongRoom: 'Your link is for another room. Change the room back, or ask for another link.',
  tokenWrongIdentity: 'Your link is for somebody else. Leave “participant=” out of the address.',
  permissionDenied: 'Your link does not let you do that. Choose another role, or ask for more.',
  roomNotFound: 'There is no such room. Check its name.',
  roomFull: 'The room is full. Try again when somebody has left.',
  tooManyRooms: 'The server has as many rooms as it takes. Try again later.',
  duplicateIdentity: 'Somebody with your id is in the room already. Leave there first.',
  roomClosed: 'The room was closed just now. Join again to open a new one.',
  profileMismatch: 'That room is of the other kind. Choose “As it is” and join again.',
  kicked: 'A host removed you from this room.',
  banned: 'A host removed you from this room, and you may not come back yet. Try again later.',
  tooManyRequests: 'That was too often in a short time. Wait a moment and try again.',
  internalError: 'The server made a mistake. Try again.',
  serverOverloaded: 'The server is at its limit. Try again later.',
  serverShuttingDown: 'The server is being restarted. Try again in a moment.',
  linkFailed: 'The server cannot be reached. Check your network and try again.',
  linkLost: 'The connection broke while joining. Check your network and try again.',
  joinTimedOut: 'The server did not answer in time. Try again.',
  unsupportedBrowser: 'This browser cannot make calls. Use a recent one, over HTTPS.',
};

const badToken = 'The link you opened is damaged or of another server. Ask for a new one.';

/** Why joining did not work; the error's own words where there are no better ones. */
export function joinProblem(error: unknown): string {
  if (!(error instanceof MartletError)) return error instanceof Error ? error.message : `${error}`;
  const name = error.codeName;
  const text = name && texts[name];
  if (text) return text;
  return error.code >= 2000 && error.code < 3000 ? badToken : error.message;
}

/** Whether another token would help. */
export function needsToken(error: unknown): boolean {
  return error instanceof MartletError && error.code >= 2000 && error.code < 2009;
}
