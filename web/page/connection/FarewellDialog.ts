// The dialog at the end of a call that one did not leave oneself.
// SPDX-License-Identifier: Apache-2.0
import { byID } from '../dom';
import type { Farewell } from './connectionTexts';

/** Shows why the call is over, and offers to join again. */
export class FarewellDialog {
  readonly #dialog = byID<HTMLDialogElement>('farewell-dialog');
  readonly #rejoin = byID<HTMLButtonElement>('rejoin-button');

  /** `onRejoin` is called by the button. */
  constructor(onRejoin: () => void) {
    this.#rejoin.addEventListener('click', () => {
      this.#dialog.close();
      onRejoin();
    });
  }

  /** Opens it. */
  show({ title, text, canRejoin }: Farewell): void {
    byID('farewell-title').textContent = title;
    byID('farewell-text').textContent = text;
    this.#rejoin.hidden = !canRejoin;
    if (!this.#dialog.open) this.#dialog.showModal();
    if (canRejoin) this.#rejoin.focus();
  }

  /** Closes it, since one is in a room again. */
  close(): void {
    this.#dialog.close();
  }
}
