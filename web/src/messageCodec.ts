// Reads and writes signalling messages; what comes from the server is checked field by field.
// SPDX-License-Identifier: Apache-2.0
import type { ClientMessage } from './clientMessages';
import {
  boolean,
  integer,
  list,
  malformed,
  optional,
  record,
  roundedInteger,
  string,
} from './jsonValues';
import type { Fields } from './jsonValues';
import {
  assignment,
  audioLevel,
  description,
  grants,
  leaveReason,
  participant,
  quality,
  relay,
  role,
  room,
  track,
  trackQuality,
} from './messageParts';
import type { ServerMessage } from './serverMessages';
import type { SpatialLayers } from './spatialLayers';

/** The text of a message. */
export function encodeMessage(message: ClientMessage): string {
  return JSON.stringify(message);
}

/** A message of a type this version does not know; it may still count (see `isNumbered`). */
export interface UnknownMessage {
  readonly unknownType: string;
}

/**
 * Reads a message of the server.
 * Throws `malformedMessage` for anything that is not of the documented form.
 */
export function decodeMessage(text: string): ServerMessage | UnknownMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('JSON');
  }
  const fields = record(value, 'message');
  const type = string(fields['type'], 'type');
  if (!Object.prototype.hasOwnProperty.call(readers, type)) return { unknownType: type };
  return readers[type as keyof typeof readers](fields);
}

const readers: { [Type in ServerMessage['type']]: (fields: Fields) => ServerMessage } = {
  // MARK: Answers
  joined: (f) => ({
    type: 'joined',
    id: integer(f['id'], 'id'),
    session: string(f['session'], 'session'),
    room: room(f['room']),
    participant: participant(f['participant']),
    ...optional('grants', f['grants'], grants),
    ...optional('resumeSeconds', f['resumeSeconds'], integer),
    answer: description(f['answer']),
    ...optional('iceServers', f['iceServers'], (value, name) => list(value, name, relay)),
    participants: list(f['participants'], 'participants', participant),
    slots: list(f['slots'], 'slots', assignment),
  }),
  resumed: (f) => ({
    type: 'resumed',
    id: integer(f['id'], 'id'),
    sequence: integer(f['sequence'], 'sequence'),
  }),
  answer: (f) => ({
    type: 'answer',
    id: integer(f['id'], 'id'),
    answer: description(f['answer']),
  }),
  streamOpened: (f) => ({
    type: 'streamOpened',
    id: integer(f['id'], 'id'),
    stream: integer(f['stream'], 'stream'),
  }),
  sent: (f) => ({
    type: 'sent',
    id: integer(f['id'], 'id'),
    ...optional('unreachable', f['unreachable'], (value, name) => list(value, name, string)),
  }),
  ok: (f) => ({
    type: 'ok',
    id: integer(f['id'], 'id'),
    ...optional('track', f['track'], string),
  }),
  error: (f) => ({
    type: 'error',
    ...optional('id', f['id'], integer),
    code: integer(f['code'], 'code'),
    message: string(f['message'], 'message'),
    ...optional('retryAfterMilliseconds', f['retryAfterMilliseconds'], integer),
  }),

  // MARK: People
  participantJoined: (f) => ({
    type: 'participantJoined',
    participant: participant(f['participant']),
  }),
  participantLeft: (f) => ({
    type: 'participantLeft',
    participant: who(f),
    reason: leaveReason(f['reason']),
  }),
  participantUpdated: (f) => ({
    type: 'participantUpdated',
    participant: participant(f['participant']),
  }),
  participantInterrupted: (f) => ({ type: 'participantInterrupted', participant: who(f) }),
  participantResumed: (f) => ({ type: 'participantResumed', participant: who(f) }),
  audioLevels: (f) => ({ type: 'audioLevels', levels: list(f['levels'], 'levels', audioLevel) }),
  networkQuality: (f) => ({
    type: 'networkQuality',
    qualities: list(f['qualities'], 'qualities', quality),
  }),

  // MARK: Oneself
  roleChanged: (f) => ({ type: 'roleChanged', role: role(f['role'], 'role') }),
  permissionsChanged: (f) => ({ type: 'permissionsChanged', grants: grants(f['grants']) }),
  iceServersChanged: (f) => ({
    type: 'iceServersChanged',
    iceServers: list(f['iceServers'], 'iceServers', relay),
  }),
  tokenWillExpire: (f) => ({
    type: 'tokenWillExpire',
    deadline: integer(f['deadline'], 'deadline'),
    secondsLeft: integer(f['secondsLeft'], 'secondsLeft'),
  }),
  disconnected: (f) => ({
    type: 'disconnected',
    reason: leaveReason(f['reason']),
    message: string(f['message'], 'message'),
    ...optional('rejoin', f['rejoin'], boolean),
  }),

  // MARK: Tracks and slots
  trackPublished: (f) => ({
    type: 'trackPublished',
    participant: who(f),
    track: track(f['track']),
  }),
  trackUnpublished: (f) => ({
    type: 'trackUnpublished',
    participant: who(f),
    track: string(f['track'], 'track'),
  }),
  trackMuted: (f) => ({
    type: 'trackMuted',
    participant: who(f),
    track: string(f['track'], 'track'),
    muted: boolean(f['muted'], 'muted'),
  }),
  trackQuality: (f) => ({
    type: 'trackQuality',
    participant: who(f),
    track: string(f['track'], 'track'),
    quality: trackQuality(f['quality'], 'quality'),
  }),
  slots: (f) => ({ type: 'slots', assignments: list(f['assignments'], 'assignments', assignment) }),
  layersWanted: (f) => ({
    type: 'layersWanted',
    track: string(f['track'], 'track'),
    layers: list(f['layers'], 'layers', string),
    ...optional('maxBitrates', f['maxBitrates'], bitrates),
    ...optional('spatialLayers', f['spatialLayers'], spatialLayers),
  }),
  needSlots: (f) => ({
    type: 'needSlots',
    video: integer(f['video'], 'video'),
    audio: integer(f['audio'], 'audio'),
  }),

  // MARK: Data
  dataReceived: (f) => ({
    type: 'dataReceived',
    participant: who(f),
    stream: integer(f['stream'], 'stream'),
    data: string(f['data'], 'data'),
    ...optional('userTimestamp', f['userTimestamp'], roundedInteger),
  }),
  messageReceived: (f) => ({
    type: 'messageReceived',
    ...optional('message', f['message'], string),
    ...optional('participant', f['participant'], string),
    toAll: boolean(f['toAll'], 'toAll'),
    content: string(f['content'], 'content'),
  }),

  // MARK: The link
  ping: () => ({ type: 'ping' }),
  pong: (f) => ({ type: 'pong', ...optional('id', f['id'], integer) }),
};

function spatialLayers(value: unknown, name: string): SpatialLayers {
  const fields = record(value, name);
  return { wanted: integer(fields['wanted'], 'wanted'), of: integer(fields['of'], 'of') };
}

function bitrates(value: unknown, name: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(record(value, name)).map(([layer, rate]) => [layer, integer(rate, name)]),
  );
}

function who(fields: Fields): string {
  return string(fields['participant'], 'participant');
}
