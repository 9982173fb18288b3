// The button that raises and lowers one's hand.
// SPDX-License-Identifier: Apache-2.0
import type { Room } from '../../src/index';
import { byID, setText, toast } from '../dom';
import { handAttribute, hasHandUp } from './person';

/** Keeps the button as the room knows one's hand. */
export class HandButton {
  readonly #room: Room;
  readonly #button = byID<HTMLButtonElement>('hand-button');

  constructor(room: Room) {
    this.#room = room;
    this.#button.addEventListener('click', () => void this.toggle());
    const update = () => this.#update();
    room.on('localParticipantUpdated', update);
    room.on('permissionsChanged', update);
    room.on('roleChanged', update);
    room.on('connectionStateChanged', update);
  }

  /** Raises one's hand, or lowers it. */
  async toggle(): Promise<void> {
    const me = this.#room.localParticipant;
    if (!me || this.#button.hidden) return;
    const hand = hasHandUp(me.attributes) ? null : 'up';
    try {
      await this.#room.updateSelf({ attributes: { [handAttribute]: hand } });
    } catch (error) {
      toast((error as Error).message);
    }
  }

  #update(): void {
    const me = this.#room.localParticipant;
    // Nobody sees the audience of a broadcast, nor its hands.
    const isSeen = this.#room.info?.profile !== 'broadcast' || me?.role === 'host';
    this.#button.hidden = !me || me.grants?.updateSelf === false || !isSeen;
    const isUp = me !== undefined && hasHandUp(me.attributes);
    this.#button.setAttribute('aria-pressed', String(isUp));
    setText(byID('hand-label'), isUp ? 'Lower' : 'Hand');
  }
}
