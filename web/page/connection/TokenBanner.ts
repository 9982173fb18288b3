// The banner that counts down to the end of one's token, and renews it where there is a way.
// SPDX-License-Identifier: Apache-2.0
import type { Room } from '../../src/index';
import { announce, byID, setText, toast } from '../dom';
import { expiryText, renewInTime } from './tokenRenewal';

/** Listens for `tokenWillExpire`. */
export class TokenBanner {
  readonly #room: Room;
  readonly #getToken: (() => Promise<string>) | undefined;
  readonly #banner = byID('token-banner');
  #endsAt = 0;
  #renewal: Parameters<typeof expiryText>[1] = 'none';
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Grows with each warning; what belongs to an older one counts no more. */
  #warning = 0;

  /** `getToken`: the way to a new token, where there is one. */
  constructor(room: Room, getToken: (() => Promise<string>) | undefined) {
    this.#room = room;
    this.#getToken = getToken;
    room.on('tokenWillExpire', ({ secondsLeft }) => this.#begin(secondsLeft));
    room.on('connectionStateChanged', ({ to }) => {
      if (to === 'disconnected') this.#end();
    });
  }

  /** By the seconds left and not by the deadline: this machine's clock may be off. */
  #begin(secondsLeft: number): void {
    this.#end();
    this.#endsAt = performance.now() + secondsLeft * 1000;
    this.#renewal = this.#getToken ? 'running' : 'none';
    this.#banner.hidden = false;
    this.#timer = setInterval(() => this.#update(), 500);
    this.#update();
    announce(byID('token-text').textContent ?? '');
    void this.#renew(this.#warning);
  }

  #end(): void {
    this.#warning += 1;
    clearInterval(this.#timer);
    this.#banner.hidden = true;
  }

  async #renew(warning: number): Promise<void> {
    const getToken = this.#getToken;
    if (!getToken) return;
    const isDone = await renewInTime({
      renew: async () => this.#room.renewToken(await getToken()),
      failed: (failure) => {
        this.#renewal = { failure };
        this.#update();
      },
      wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      isOver: () => this.#warning !== warning || performance.now() > this.#endsAt,
    });
    if (!isDone || this.#warning !== warning) return;
    this.#end();
    toast('Your access was renewed.');
  }

  #update(): void {
    const secondsLeft = (this.#endsAt - performance.now()) / 1000;
    setText(byID('token-text'), expiryText(secondsLeft, this.#renewal));
  }
}
