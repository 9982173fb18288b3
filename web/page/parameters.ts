// What the page's address says: the room, the name, and switches for tests.
// SPDX-License-Identifier: Apache-2.0
import type { ParticipantRole, RoomProfile, ScalabilityMode, VideoCodec } from '../src/index';

/** The settings of the page. */
export interface PageParameters {
  readonly room: string | undefined;
  readonly name: string | undefined;
  readonly token: string | undefined;
  /** Where a new token is to be had: an address that answers `{"token": "..."}`. */
  readonly tokenUrl: string | undefined;
  /** What the room is to be, where it is not there yet. */
  readonly profile: RoomProfile | undefined;
  /** As what one wishes to come in. */
  readonly role: ParticipantRole | undefined;
  readonly participant: string | undefined;
  /** Another server than the one that served the page. */
  readonly url: string | undefined;
  /** Joins without waiting for a click. */
  readonly autojoin: boolean;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Several sizes of the camera: `0` or `1`; undefined: as the SDK does. */
  readonly simulcast: boolean | undefined;
  /** Layers within one stream: `0`, `1`, or a mode; undefined: as the SDK does. */
  readonly svc: boolean | ScalabilityMode | undefined;
  readonly codec: VideoCodec | undefined;
  /** The camera's size, in pixels. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const codecs: readonly VideoCodec[] = ['vp8', 'vp9', 'h264', 'av1'];
const profiles: readonly RoomProfile[] = ['communication', 'broadcast'];
const roles: readonly ParticipantRole[] = ['host', 'audience'];

/** Reads `?room=&name=&token=&autojoin=1&camera=0...`; nonsense is left out. */
export function readParameters(search: string): PageParameters {
  const query = new URLSearchParams(search);
  const text = (name: string) => query.get(name)?.trim() || undefined;
  const size = (name: string) => {
    const value = Number(query.get(name) ?? '');
    return Number.isInteger(value) && value > 0 && value <= 8192 ? value : undefined;
  };
  const flag = (name: string) =>
    text(name) === '0' || text(name) === '1' ? text(name) === '1' : undefined;
  const oneOf = <Value extends string>(name: string, values: readonly Value[]) =>
    values.find((value) => value === text(name)?.toLowerCase());
  return {
    room: text('room'),
    name: text('name'),
    token: text('token'),
    tokenUrl: text('tokenUrl'),
    profile: oneOf('profile', profiles),
    role: oneOf('role', roles),
    participant: text('participant'),
    url: text('url'),
    autojoin: query.get('autojoin') === '1',
    microphone: query.get('microphone') !== '0',
    camera: query.get('camera') !== '0',
    simulcast: flag('simulcast'),
    // A mode there is not is refused in words when one joins.
    svc: flag('svc') ?? (text('svc') as ScalabilityMode | undefined),
    codec: oneOf('codec', codecs),
    width: size('width'),
    height: size('height'),
  };
}

/** The link for somebody else: the room alone, never one's own token or name. */
export function inviteLink(page: string, room: string): string {
  const link = new URL(page);
  link.search = new URLSearchParams({ room }).toString();
  link.hash = '';
  return link.href;
}
