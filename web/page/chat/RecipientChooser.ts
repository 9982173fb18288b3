// The chooser of whom a message goes to.
// SPDX-License-Identifier: Apache-2.0
import type { Room } from '../../src/index';
import { byID } from '../dom';
import { displayName } from '../names';
import type { NameBook } from '../names';

/** Everybody, or one person. Who leaves stays chosen until one chooses again: what was meant for
 * one must never go to all. */
export class RecipientChooser {
  readonly #room: Room;
  readonly #names: NameBook;
  readonly #select = byID<HTMLSelectElement>('chat-recipient');

  /** `onChange` is called whenever another is chosen. */
  constructor(room: Room, names: NameBook, onChange: () => void) {
    this.#room = room;
    this.#names = names;
    this.#select.addEventListener('change', onChange);
  }

  /** The id of the one chosen; undefined: everybody. */
  get chosen(): string | undefined {
    return this.#select.value || undefined;
  }

  /** Whether the one chosen is seen in the room. */
  get isHere(): boolean {
    return this.chosen === undefined || this.#room.remoteParticipants.has(this.chosen);
  }

  /** Chooses somebody, who need not be seen in the room. */
  choose(id: string | undefined): void {
    this.#fill(id);
    this.#select.dispatchEvent(new Event('change'));
  }

  /** Makes the list what the room is now. */
  update(): void {
    this.#fill(this.chosen);
  }

  #fill(chosen: string | undefined): void {
    const people = [...this.#room.remoteParticipants.values()].map(({ id, name }) => ({
      id,
      name: displayName(name, id),
    }));
    people.sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
    const counts = new Map<string, number>();
    for (const { name } of people) counts.set(name, (counts.get(name) ?? 0) + 1);
    const options = [option('', 'Everyone')];
    for (const { id, name } of people) {
      // Two of one name are told apart by their ids.
      options.push(option(id, (counts.get(name) ?? 0) > 1 ? `${name} (${id})` : name));
    }
    if (chosen !== undefined && !people.some(({ id }) => id === chosen)) {
      options.push(option(chosen, `${this.#names.nameOf(chosen)} (not in the list)`));
    }
    if (!isSame(options, this.#select.options)) this.#select.replaceChildren(...options);
    this.#select.value = chosen ?? '';
  }
}

function option(value: string, text: string): HTMLOptionElement {
  const element = document.createElement('option');
  element.value = value;
  element.textContent = text;
  return element;
}

/** A list that stays the same is left alone: it may be open. */
function isSame(next: HTMLOptionElement[], now: HTMLOptionsCollection): boolean {
  return (
    next.length === now.length &&
    next.every(({ value, text }, index) => now[index]?.value === value && now[index]?.text === text)
  );
}
