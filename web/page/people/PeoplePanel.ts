// The list of people, with what a moderator may do, and one's own role.
// SPDX-License-Identifier: Apache-2.0
import type { Room } from '../../src/index';
import { byID, oncePerFrame, setText, toast } from '../dom';
import { shortName } from '../names';
import { peopleIn } from './person';
import type { Person } from './person';
import { inOrder } from './peopleOrder';
import { PersonRow } from './PersonRow';
import type { PersonActions } from './PersonRow';

/** Connects the panel with the room. */
export class PeoplePanel {
  readonly #room: Room;
  readonly #rows = new Map<string, PersonRow>();
  readonly #list = byID('people-list');
  readonly #roleButton = byID<HTMLButtonElement>('role-button');
  readonly #actions: PersonActions = {
    remove: (id, banSeconds) => void this.#remove(id, banSeconds),
    changeRole: (id, role) => void this.#changeRole(id, role),
  };
  #isShown = false;

  constructor(room: Room) {
    this.#room = room;
    this.#roleButton.addEventListener('click', () => void this.#switchOwnRole());
    const update = oncePerFrame(() => this.#update());
    for (const name of [
      'connectionStateChanged',
      'participantJoined',
      'participantLeft',
      'participantUpdated',
      'participantInterrupted',
      'participantResumed',
      'localParticipantUpdated',
      'roleChanged',
      'permissionsChanged',
      'trackPublished',
      'trackUnpublished',
      'trackMuted',
      'localTrackPublished',
      'localTrackUnpublished',
      'localTrackMuted',
      'audioLevels',
      'networkQuality',
    ] as const) {
      room.on(name, update);
    }
  }

  /** Whether the list is on the screen; nothing is done for it otherwise. */
  set isShown(value: boolean) {
    this.#isShown = value;
    this.#update();
  }

  /** Makes the list what the room is now. O(people). */
  #update(): void {
    const me = this.#room.localParticipant;
    if (!this.#isShown || !me) return;
    const isBroadcast = this.#room.info?.profile === 'broadcast';
    const context = {
      isModerator: me.grants?.admin === true && (!isBroadcast || me.role === 'host'),
      showsHosts: isBroadcast,
    };
    const people = inOrder(peopleIn(this.#room));
    const ids = new Set(people.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    this.#place(people, context);
    setText(byID('people-title-count'), String(people.length));
    byID('people-unseen').hidden = !isBroadcast;
    this.#showOwnRole(isBroadcast, me.role);
  }

  #place(people: readonly Person[], context: Parameters<PersonRow['show']>[1]): void {
    const focused = document.activeElement;
    people.forEach((person, index) => {
      let row = this.#rows.get(person.id);
      if (!row) {
        row = new PersonRow(this.#actions);
        this.#rows.set(person.id, row);
      }
      row.show(person, context);
      const there = this.#list.children[index] ?? null;
      if (there !== row.element) this.#list.insertBefore(row.element, there);
    });
    // A row that was moved loses the focus in it.
    const isLost = focused instanceof HTMLElement && focused !== document.activeElement;
    if (isLost && this.#list.contains(focused)) focused.focus();
  }

  #showOwnRole(isBroadcast: boolean, role: Person['role']): void {
    const mayChange = this.#room.localParticipant?.grants?.changeRole !== false;
    const isOffered = mayChange && (isBroadcast || role === 'audience');
    byID('own-role').hidden = !isOffered;
    setText(
      byID('own-role-text'),
      role === 'host' ? 'You are a host: the others see and hear you.' : 'You are in the audience.',
    );
    setText(this.#roleButton, role === 'host' ? 'Go to the audience' : 'Become a host');
  }

  async #switchOwnRole(): Promise<void> {
    const role = this.#room.localParticipant?.role === 'host' ? 'audience' : 'host';
    this.#roleButton.disabled = true;
    await this.#try(() => this.#room.setRole(role));
    this.#roleButton.disabled = false;
    this.#roleButton.focus();
  }

  async #remove(id: string, banSeconds?: number): Promise<void> {
    const name = this.#nameOf(id);
    const options = banSeconds === undefined ? {} : { banSeconds };
    const isDone = await this.#try(() => this.#room.removeParticipant(id, options));
    if (!isDone) return;
    const minutes = banSeconds === undefined ? 0 : Math.round(banSeconds / 60);
    toast(minutes ? `${name} is kept out for ${minutes} minutes.` : `You removed ${name}.`);
  }

  async #changeRole(id: string, role: Person['role']): Promise<void> {
    await this.#try(() => this.#room.changeParticipant(id, { role }));
  }

  #nameOf(id: string): string {
    return shortName(this.#room.remoteParticipants.get(id)?.name ?? id, id);
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (this.#room.connectionState !== 'disconnected') toast((error as Error).message);
      return false;
    }
  }
}
