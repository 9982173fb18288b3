// Reads the parts that messages of the server share, field by field.
// SPDX-License-Identifier: Apache-2.0
import { boolean, integer, list, malformed, optional, record, string } from './jsonValues';
import type {
  Attributes,
  AudioLevel,
  DescriptionBody,
  Grants,
  LeaveReason,
  MediaPriority,
  NetworkGrade,
  ParticipantInfo,
  ParticipantQuality,
  ParticipantRole,
  RelayInfo,
  RoomInfo,
  SlotAssignment,
  TrackInfo,
  TrackQuality,
  TrackSource,
} from './messages';

/** A participant. */
export function participant(value: unknown): ParticipantInfo {
  const f = record(value, 'participant');
  return {
    id: string(f['id'], 'participant.id'),
    ...optional('name', f['name'], string),
    ...optional('metadata', f['metadata'], string),
    ...optional('attributes', f['attributes'], attributes),
    ...optional('role', f['role'], role),
    ...optional('priority', f['priority'], priority),
    ...optional('interrupted', f['interrupted'], boolean),
    tracks: list(f['tracks'] ?? [], 'participant.tracks', track),
  };
}

/** A track. */
export function track(value: unknown): TrackInfo {
  const f = record(value, 'track');
  const kind = string(f['kind'], 'track.kind');
  if (kind !== 'audio' && kind !== 'video') throw malformed('track.kind');
  return {
    id: string(f['id'], 'track.id'),
    source: source(f['source'], 'track.source'),
    kind,
    muted: boolean(f['muted'], 'track.muted'),
  };
}

/** A room. */
export function room(value: unknown): RoomInfo {
  const f = record(value, 'room');
  return {
    name: string(f['name'], 'room.name'),
    ...optional('id', f['id'], string),
    // A profile of a later version: what one may do there is told by the grants.
    profile: string(f['profile'], 'room.profile') === 'broadcast' ? 'broadcast' : 'communication',
    ...optional('metadata', f['metadata'], string),
  };
}

/** What one may do. */
export function grants(value: unknown): Grants {
  const f = record(value, 'grants');
  const publish = f['publish'];
  return {
    publish:
      typeof publish === 'boolean' ? publish : list(publish, 'grants.publish', source),
    subscribe: boolean(f['subscribe'], 'grants.subscribe'),
    data: boolean(f['data'], 'grants.data'),
    ...optional('role', f['role'], role),
    changeRole: boolean(f['changeRole'], 'grants.changeRole'),
    updateSelf: boolean(f['updateSelf'], 'grants.updateSelf'),
    admin: boolean(f['admin'], 'grants.admin'),
    hidden: boolean(f['hidden'], 'grants.hidden'),
  };
}

/** What a receiving section shows. */
export function assignment(value: unknown): SlotAssignment {
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

/** How loud somebody is. */
export function audioLevel(value: unknown): AudioLevel {
  const f = record(value, 'level');
  return {
    participant: string(f['participant'], 'level.participant'),
    level: integer(f['level'], 'level.level'),
  };
}

/** How good somebody's network is. */
export function quality(value: unknown): ParticipantQuality {
  const f = record(value, 'quality');
  return {
    participant: string(f['participant'], 'quality.participant'),
    up: grade(f['up'], 'quality.up'),
    down: grade(f['down'], 'quality.down'),
  };
}

/** An answer's description. */
export function description(value: unknown): DescriptionBody {
  const f = record(value, 'answer');
  return f['deflated'] === undefined
    ? { sdp: string(f['sdp'], 'answer.sdp') }
    : { deflated: string(f['deflated'], 'answer.deflated') };
}

/** A relay. */
export function relay(value: unknown): RelayInfo {
  const f = record(value, 'iceServer');
  return {
    urls: list(f['urls'], 'iceServer.urls', string),
    ...optional('username', f['username'], string),
    ...optional('credential', f['credential'], string),
  };
}

/** A role; who is something of a later version does at least not publish for sure. */
export function role(value: unknown, name: string): ParticipantRole {
  return string(value, name) === 'host' ? 'host' : 'audience';
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
  'fellBehind',
  'becameAudience',
];

/** Why somebody went. */
export function leaveReason(value: unknown): LeaveReason {
  const text = string(value, 'reason');
  // A reason of a later version still ends the session.
  return (leaveReasons.includes(text) ? text : 'networkLost') as LeaveReason;
}

const sources: readonly string[] = ['microphone', 'camera', 'screen', 'screenAudio', 'custom'];

function source(value: unknown, name: string): TrackSource {
  const text = string(value, name);
  // A source of a later version is shown like a custom track.
  return (sources.includes(text) ? text : 'custom') as TrackSource;
}

const grades: readonly string[] = [
  'unknown',
  'excellent',
  'good',
  'fair',
  'poor',
  'bad',
  'down',
];

function grade(value: unknown, name: string): NetworkGrade {
  const text = string(value, name);
  return (grades.includes(text) ? text : 'unknown') as NetworkGrade;
}

/** One of a later version says less than all, and not that nothing comes. */
export function trackQuality(value: unknown, name: string): TrackQuality {
  const text = string(value, name);
  return text === 'full' || text === 'paused' ? text : 'reduced';
}

function priority(value: unknown, name: string): MediaPriority {
  return string(value, name) === 'high' ? 'high' : 'normal';
}

function attributes(value: unknown, name: string): Attributes {
  const entries = Object.entries(record(value, name));
  return Object.fromEntries(entries.map(([key, text]) => [key, string(text, `${name}.${key}`)]));
}
