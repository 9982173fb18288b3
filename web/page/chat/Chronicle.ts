// Tells what happens in the room, for the chat and as short messages above the controls.
// SPDX-License-Identifier: Apache-2.0
import type { ParticipantRole, Room } from '../../src/index';
import { hasHandUp } from '../people/person';
import { shortName } from '../names';
import { leftText, ownRoleText, roleText } from './roomLines';

/** Listens to the room and writes a line for what a person would want to know. */
export class Chronicle {
  readonly #tell: (line: string) => void;
  /** What was last known of each, to tell what is new. */
  readonly #roles = new Map<string, ParticipantRole>();
  readonly #hands = new Set<string>();

  constructor(room: Room, tell: (line: string) => void) {
    this.#tell = tell;
    room.on('participantJoined', ({ participant }) => {
      this.#note(participant);
      tell(`${shortName(participant.name, participant.id)} came in.`);
    });
    room.on('participantLeft', ({ participant, reason }) => {
      this.#roles.delete(participant.id);
      this.#hands.delete(participant.id);
      tell(leftText(shortName(participant.name, participant.id), reason));
    });
    room.on('participantInterrupted', ({ participant }) =>
      tell(`The connection of ${shortName(participant.name, participant.id)} was interrupted.`),
    );
    room.on('participantResumed', ({ participant }) =>
      tell(`${shortName(participant.name, participant.id)} is back.`),
    );
    room.on('participantUpdated', ({ participant }) => this.#compare(participant));
    room.on('roleChanged', ({ role }) => tell(ownRoleText(role)));
    room.on('connectionStateChanged', ({ reason }) => {
      if (reason !== 'joined') return;
      this.#roles.clear();
      this.#hands.clear();
      for (const participant of room.remoteParticipants.values()) this.#note(participant);
    });
  }

  #note(participant: Known): void {
    this.#roles.set(participant.id, participant.role);
    if (hasHandUp(participant.attributes)) this.#hands.add(participant.id);
    else this.#hands.delete(participant.id);
  }

  #compare(participant: Known): void {
    const name = shortName(participant.name, participant.id);
    const { id, role, attributes } = participant;
    if (this.#roles.get(id) !== role) this.#tell(roleText(name, role));
    if (hasHandUp(attributes) && !this.#hands.has(id)) this.#tell(`${name} raised a hand.`);
    this.#note(participant);
  }
}

type Known = {
  readonly id: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly attributes: { readonly [name: string]: string };
};
