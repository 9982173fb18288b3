// Everybody in the room as plain values, oneself among them: what tiles and the list show.
// SPDX-License-Identifier: Apache-2.0
import type { Attributes, ParticipantRole, RemoteParticipant, Room } from '../../src/index';
import { displayName } from '../names';
import type { Quality } from './quality';

/** Somebody in the room. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly isOwn: boolean;
  readonly role: ParticipantRole;
  readonly hasHandUp: boolean;
  readonly isSpeaking: boolean;
  /** Its connection is broken for now. */
  readonly isInterrupted: boolean;
  readonly hasMicrophone: boolean;
  readonly hasCamera: boolean;
  readonly hasScreen: boolean;
  readonly quality: Quality;
}

/** The attribute of a raised hand; any value raises it. */
export const handAttribute = 'hand';

/** Whether somebody has raised a hand. */
export function hasHandUp(attributes: Attributes): boolean {
  return Boolean(attributes[handAttribute]);
}

/** Oneself; undefined while not in a room. */
export function ownPerson(room: Room): Person | undefined {
  const me = room.localParticipant;
  if (!me) return undefined;
  const sends = (source: 'microphone' | 'camera' | 'screen') =>
    me.role === 'host' && room.localTrack(source)?.isMuted === false;
  const isInterrupted = room.connectionState === 'reconnecting';
  return {
    id: me.id,
    name: displayName(me.name, me.id),
    isOwn: true,
    role: me.role,
    hasHandUp: hasHandUp(me.attributes),
    isSpeaking: me.isSpeaking && sends('microphone') && !isInterrupted,
    isInterrupted,
    hasMicrophone: sends('microphone'),
    hasCamera: sends('camera'),
    hasScreen: sends('screen'),
    // What was measured last is not how it is.
    quality: isInterrupted && room.lostLink !== 'signal' ? broken : me.networkQuality,
  };
}

const broken: Quality = { up: 'down', down: 'down' };

/** Somebody else. `isStale`: one's own connection is broken, so who speaks now is not known. */
export function otherPerson(participant: RemoteParticipant, isStale: boolean): Person {
  const sends = (source: 'microphone' | 'camera' | 'screen') =>
    participant.track(source)?.isMuted === false;
  const { id, role, attributes, isSpeaking, isInterrupted, networkQuality } = participant;
  return {
    id,
    name: displayName(participant.name, id),
    isOwn: false,
    role,
    hasHandUp: hasHandUp(attributes),
    isSpeaking: isSpeaking && !isInterrupted && !isStale,
    isInterrupted,
    hasMicrophone: sends('microphone'),
    hasCamera: sends('camera'),
    hasScreen: sends('screen'),
    quality: networkQuality,
  };
}

/** Everybody, in no order one should rely on. */
export function peopleIn(room: Room): Person[] {
  const me = ownPerson(room);
  const isStale = me?.isInterrupted ?? false;
  const others = [...room.remoteParticipants.values()].map((one) => otherPerson(one, isStale));
  return me ? [me, ...others] : others;
}
