// A room in a made-up browser with a made-up server, and a log of what it told.
// SPDX-License-Identifier: Apache-2.0
import { Room } from '../Room';
import type { JoinOptions } from '../joinOptions';
import { settle } from './FakeClock';
import { devices, FakeConnection, installBrowser } from './FakeMedia';
import { FakeServer } from './FakeServer';
import type { Answer, WireMessage } from './FakeServer';

/** What a server says of a track. */
export const camera = { id: 'TR_2', source: 'camera', kind: 'video', muted: false } as const;
export const microphone = {
  id: 'TR_1', source: 'microphone', kind: 'audio', muted: false,
} as const;

/** All that may be granted. */
export const grants = {
  publish: true, subscribe: true, data: true, changeRole: true, updateSelf: true, admin: true,
  hidden: false,
};

/** What the server says to `join`. */
export const joined = {
  type: 'joined',
  session: 'SE_1',
  room: { name: 'daily', id: 'RM_1', profile: 'communication' },
  participant: { id: 'ada', name: 'Ada', tracks: [] },
  grants,
  resumeSeconds: 30,
  answer: { sdp: 'answer' },
  participants: [{ id: 'bob', tracks: [camera] }],
  slots: [{ mid: '5', participant: 'bob', track: 'TR_2' }],
};

let published = 100;

/** Does all that is asked. */
export function polite(message: WireMessage): object | object[] | undefined {
  const { id, type } = message;
  switch (type) {
    case 'join':
      return { ...joined, id };
    case 'resume':
      return { type: 'resumed', id, sequence: message['lastSequence'] };
    case 'offer':
      return { type: 'answer', id, answer: { sdp: 'answer' } };
    case 'publish':
      published += 1;
      return { type: 'ok', id, track: `TR_${published}` };
    case 'openStream':
      return { type: 'streamOpened', id, stream: 1 };
    case 'sendMessage':
      return { type: 'sent', id };
    case 'ping':
      return { type: 'pong' };
    case 'pong':
    case 'reportQuality':
      return undefined;
    default:
      return { type: 'ok', id };
  }
}

/** Does all but what `change` answers; `change` may answer nothing by null. */
export function except(
  change: (message: WireMessage) => object | object[] | null | undefined,
): Answer {
  return (message) => {
    const answer = change(message);
    return answer === undefined ? polite(message) : answer ?? undefined;
  };
}

export const join: JoinOptions = { url: 'http://h:1', room: 'daily', name: 'Ada' };

/** A room, and a log of what it told. */
export function makeRoom(answer: Answer = polite): { room: Room; log: string[] } {
  FakeServer.reset(answer);
  FakeConnection.reset();
  devices.opened = [];
  installBrowser(FakeServer);
  const room = new Room();
  return { room, log: logOf(room) };
}

/** A log of what a room tells from now on. */
export function logOf(room: Room): string[] {
  const log: string[] = [];
  room.on('connectionStateChanged', ({ to, reason }) => log.push(`${to} ${reason}`));
  room.on('trackStarted', ({ track }) => log.push(`started ${track.id}`));
  room.on('trackStopped', ({ track }) => log.push(`stopped ${track.id}`));
  room.on('trackPublished', ({ track }) => log.push(`published ${track.id}`));
  room.on('trackUnpublished', ({ track }) => log.push(`unpublished ${track.id}`));
  room.on('participantJoined', ({ participant }) => log.push(`came ${participant.name}`));
  room.on('participantLeft', ({ participant, reason }) =>
    log.push(`went ${participant.name} ${reason}`),
  );
  return log;
}

/** A room that is joined, with an empty log. */
export async function joinedRoom(
  answer: Answer = polite,
  options: Partial<JoinOptions> = {},
): Promise<{ room: Room; log: string[] }> {
  const made = makeRoom(answer);
  await made.room.join({ ...join, ...options });
  await settle();
  made.log.length = 0;
  return made;
}

/** What leaves by a peer connection: kinds by section. */
export function sentMedia(connection = FakeConnection.last): { [mid: string]: string } {
  return connection.sent;
}

/** A server that has forgotten the session and lets the client in anew. */
export function forgetful(reply: object = {}) {
  return except((message: WireMessage) => {
    const { id, type } = message;
    if (type === 'resume') return { type: 'error', id, code: 3006, message: 'Gone.' };
    return type === 'join' ? { ...joined, id, session: 'SE_2', ...reply } : undefined;
  });
}
