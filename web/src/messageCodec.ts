// Reads and writes signalling messages; what comes from the server is checked field by field.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';
import type {
  AudioLevel,
  ClientMessage,
  DescriptionBody,
  LeaveReason,
  ParticipantInfo,
  ServerMessage,
  SlotAssignment,
  TrackInfo,
  TrackKind,
  TrackSource,
} from './messages';

/** The text of a message. */
export function encodeMessage(message: ClientMessage): string {
  return JSON.stringify(message);
}

/**
 * Reads a message of the server; `undefined` for a type this version does not know.
 * Throws `malformedMessage` for anything that is not of the documented form.
 */
export function decodeMessage(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('JSON');
  }
  const fields = record(value, 'message');
  const type = string(fields['type'], 'type');
  const read = Object.prototype.hasOwnProperty.call(readers, type)
    ? readers[type as keyof typeof readers]
    : undefined;
  return read?.(fields);
}

type Fields = Record<string, unknown>;

const readers: { [Type in ServerMessage['type']]: (fields: Fields) => ServerMessage } = {
  joined: (f) => ({
    type: 'joined',
    id: integer(f['id'], 'id'),
    session: string(f['session'], 'session'),
    room: { name: string(record(f['room'], 'room')['name'], 'room.name') },
    participant: participant(f['participant']),
    answer: description(f['answer']),
    participants: list(f['participants'], 'participants', participant),
    slots: list(f['slots'], 'slots', assignment),
  }),
  answer: (f) => ({
    type: 'answer',
    id: integer(f['id'], 'id'),
    answer: description(f['answer']),
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
  }),
  participantJoined: (f) => ({
    type: 'participantJoined',
    participant: participant(f['participant']),
  }),
  participantLeft: (f) => ({
    type: 'participantLeft',
    participant: string(f['participant'], 'participant'),
    reason: leaveReason(f['reason']),
  }),
  trackPublished: (f) => ({
    type: 'trackPublished',
    participant: string(f['participant'], 'participant'),
    track: track(f['track']),
  }),
  trackUnpublished: (f) => ({
    type: 'trackUnpublished',
    participant: string(f['participant'], 'participant'),
    track: string(f['track'], 'track'),
  }),
  trackMuted: (f) => ({
    type: 'trackMuted',
    participant: string(f['participant'], 'participant'),
    track: string(f['track'], 'track'),
    muted: boolean(f['muted'], 'muted'),
  }),
  slots: (f) => ({ type: 'slots', assignments: list(f['assignments'], 'assignments', assignment) }),
  needSlots: (f) => ({
    type: 'needSlots',
    video: integer(f['video'], 'video'),
    audio: integer(f['audio'], 'audio'),
  }),
  audioLevels: (f) => ({ type: 'audioLevels', levels: list(f['levels'], 'levels', audioLevel) }),
  ping: () => ({ type: 'ping' }),
  pong: (f) => ({ type: 'pong', ...optional('id', f['id'], integer) }),
  disconnected: (f) => ({
    type: 'disconnected',
    reason: leaveReason(f['reason']),
    message: string(f['message'], 'message'),
  }),
};

// MARK: Parts of messages

function participant(value: unknown): ParticipantInfo {
  const f = record(value, 'participant');
  return {
    id: string(f['id'], 'participant.id'),
    ...optional('name', f['name'], string),
    ...optional('metadata', f['metadata'], string),
    tracks: list(f['tracks'] ?? [], 'participant.tracks', track),
  };
}

function track(value: unknown): TrackInfo {
  const f = record(value, 'track');
  const source = string(f['source'], 'track.source');
  const kind = string(f['kind'], 'track.kind');
  if (kind !== 'audio' && kind !== 'video') throw malformed('track.kind');
  return {
    id: string(f['id'], 'track.id'),
    // A source of a later version is shown like a custom track.
    source: isTrackSource(source) ? source : 'custom',
    kind: kind as TrackKind,
    muted: boolean(f['muted'], 'track.muted'),
  };
}

function assignment(value: unknown): SlotAssignment {
  const f = record(value, 'slot');
  const who = f['participant'] ?? null;
  const what = f['track'] ?? null;
  if ((who === null) !== (what === null)) throw malformed('slot');
  return {
    mid: string(f['mid'], 'slot.mid'),
    participant: who === null ? null : string(who, 'slot.participant'),
    track: what === null ? null : string(what, 'slot.track'),
    ...optional('rtpTimestamp', f['rtpTimestamp'], integer),
  };
}

function audioLevel(value: unknown): AudioLevel {
  const f = record(value, 'level');
  return {
    participant: string(f['participant'], 'level.participant'),
    level: integer(f['level'], 'level.level'),
  };
}

function description(value: unknown): DescriptionBody {
  const f = record(value, 'answer');
  return f['deflated'] === undefined
    ? { sdp: string(f['sdp'], 'answer.sdp') }
    : { deflated: string(f['deflated'], 'answer.deflated') };
}

const sources: readonly string[] = ['microphone', 'camera', 'screen', 'screenAudio', 'custom'];

function isTrackSource(text: string): text is TrackSource {
  return sources.includes(text);
}

const leaveReasons: readonly string[] = [
  'left',
  'duplicateIdentity',
  'kicked',
  'roomClosed',
  'timeout',
  'networkLost',
  'serverShutdown',
  'tokenExpired',
];

function leaveReason(value: unknown): LeaveReason {
  const text = string(value, 'reason');
  // A reason of a later version still ends the session.
  return (leaveReasons.includes(text) ? text : 'networkLost') as LeaveReason;
}

// MARK: Plain values

function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name);
  return value as Fields;
}

function list<T>(value: unknown, name: string, read: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw malformed(name);
  return value.map(read);
}

function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function integer(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw malformed(name);
  return value;
}

function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw malformed(name);
  return value;
}

function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  read: (value: unknown, name: string) => T,
): { [key in Name]?: T } {
  if (value === undefined || value === null) return {};
  return { [name]: read(value, name) } as { [key in Name]?: T };
}

function malformed(name: string): MartletError {
  return new MartletError('malformedMessage', `The server sent a message with a bad ${name}.`);
}
