// One row of the list of people: name, signs, network, and what one may do about that person.
// SPDX-License-Identifier: Apache-2.0
import { fromTemplate, part, setAttribute, setText } from '../dom';
import { hueOf, initials } from '../figures';
import type { Person } from './person';
import { barsOf, gradeText, worseGrade } from './quality';
import { QualityBars } from './QualityBars';

/** What can be done about somebody. */
export interface PersonActions {
  /** `banSeconds`: how long that person is kept out. */
  remove(id: string, banSeconds?: number): void;
  changeRole(id: string, role: Person['role']): void;
}

/** How a row is shown. */
export interface RowContext {
  /** Whether one may remove and change others. */
  readonly isModerator: boolean;
  /** Whether roles are a thing in this room: in a conversation hosts are not named as such. */
  readonly showsHosts: boolean;
}

/** How long who is removed with a ban stays out. */
export const banSeconds = 300;

/** A row; the element stays the same, so that focus and open menus do. */
export class PersonRow {
  /** The element to place. */
  readonly element = fromTemplate<HTMLElement>('person-template');
  readonly #bars = new QualityBars();
  readonly #more = part<HTMLButtonElement>(this.element, '.person-more');
  readonly #menu = part<HTMLElement>(this.element, '.person-actions');
  #person: Person | undefined;

  constructor(actions: PersonActions) {
    part(this.element, '.person-network').append(this.#bars.element);
    const onClick = (selector: string, work: (person: Person) => void) =>
      part(this.element, selector).addEventListener('click', () => {
        if (this.#person) work(this.#person);
        this.#more.focus();
        this.#open(false);
      });
    this.#more.addEventListener('click', () => this.#open(this.#menu.hidden));
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.#menu.hidden) return;
      event.stopPropagation();
      this.#more.focus();
      this.#open(false);
    });
    onClick('.change-role', ({ id, role }) =>
      actions.changeRole(id, role === 'host' ? 'audience' : 'host'),
    );
    onClick('.remove', ({ id }) => actions.remove(id));
    onClick('.ban', ({ id }) => actions.remove(id, banSeconds));
  }

  /** Shows somebody. */
  show(person: Person, context: RowContext): void {
    this.#person = person;
    const { element } = this;
    element.dataset['participant'] = person.id;
    element.style.setProperty('--hue', String(hueOf(person.id)));
    element.classList.toggle('is-speaking', person.isSpeaking);
    element.classList.toggle('is-interrupted', person.isInterrupted);
    setText(part(element, '.person-initials'), initials(person.name));
    setText(part(element, '.person-name'), person.name);
    part<HTMLElement>(element, '.person-own').hidden = !person.isOwn;
    this.#showState(person, context);
    this.#showMarks(person);
    this.#bars.show(person.quality);
    this.#showMenu(person, context);
  }

  #showState(person: Person, { showsHosts }: RowContext): void {
    const words: string[] = [];
    if (person.role === 'audience') words.push('Audience');
    else if (showsHosts) words.push('Host');
    if (person.isInterrupted) {
      words.push(person.isOwn ? 'Reconnecting…' : 'Connection interrupted');
    } else if (person.isSpeaking) {
      words.push('Speaking');
    }
    // A good network needs no words beside its bars.
    if (barsOf(person.quality) <= 2 && worseGrade(person.quality) !== 'unknown') {
      if (!person.isInterrupted) words.push(gradeText(person.quality));
    }
    setText(part(this.element, '.person-state'), words.join(' · '));
  }

  #showMarks(person: Person): void {
    const show = (selector: string, isShown: boolean) =>
      part(this.element, selector).toggleAttribute('hidden', !isShown);
    show('.mark-hand', person.hasHandUp);
    show('.mark-screen', person.hasScreen);
    show('.mark-muted', !person.hasMicrophone);
    show('.mark-microphone', person.hasMicrophone);
    show('.mark-no-camera', !person.hasCamera);
    show('.mark-camera', person.hasCamera);
  }

  #showMenu(person: Person, { isModerator }: RowContext): void {
    const isOffered = !person.isOwn && isModerator;
    this.#more.hidden = !isOffered;
    if (!isOffered) this.#open(false);
    setAttribute(this.#more, 'aria-label', `What to do about ${person.name}`);
    const text = person.role === 'host' ? 'Move to the audience' : 'Make a host';
    setText(part(this.#menu, '.change-role'), text);
  }

  #open(isOpen: boolean): void {
    this.#menu.hidden = !isOpen;
    this.#more.setAttribute('aria-expanded', String(isOpen));
  }
}
