// The banner while the connection is being mended, and the state in words beside the room's name.
// SPDX-License-Identifier: Apache-2.0
import type { Room } from '../../src/index';
import { announce, byID, setText, toast } from '../dom';
import { backText, reconnectingText, stateTexts } from './connectionTexts';

/** Follows the room's connection. */
export class ConnectionBanner {
  readonly #room: Room;
  readonly #banner = byID('connection-banner');
  readonly #state = byID('connection-state');
  #lostAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(room: Room) {
    this.#room = room;
    room.on('connectionStateChanged', ({ from, to, reason }) => {
      document.body.dataset['connection'] = to;
      setText(this.#state, stateTexts[to]);
      if (to === 'reconnecting') this.#begin();
      else this.#end();
      if (from === 'reconnecting' && to === 'connected') {
        const text = backText(reason, this.#seconds);
        toast(text);
      }
    });
    room.on('reconnectAttempt', () => this.#update());
  }

  get #seconds(): number {
    return Math.floor((performance.now() - this.#lostAt) / 1000);
  }

  #begin(): void {
    this.#lostAt = performance.now();
    this.#banner.hidden = false;
    clearInterval(this.#timer);
    // Which link is lost may change without an event of its own.
    this.#timer = setInterval(() => this.#update(), 500);
    this.#update();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#banner.hidden = true;
    announce('');
  }

  #update(): void {
    const { connectionState, connectionReason, lostLink, reconnectAttempt } = this.#room;
    if (connectionState !== 'reconnecting') return;
    const text = reconnectingText(connectionReason, lostLink ?? 'signal', reconnectAttempt);
    setText(byID('connection-text'), text);
    // The seconds are for the eyes: to hear them counted would drown everything else.
    setText(byID('connection-seconds'), `${this.#seconds} s`);
    announce(text);
  }
}
