// The panels beside the stage: which are open, and where the focus goes.
// SPDX-License-Identifier: Apache-2.0
import { byID } from './dom';

/** A panel's name: its elements are `#name-panel`, `#name-button` and `#name-close`. */
export type PanelName = 'people' | 'chat';

const names: readonly PanelName[] = ['people', 'chat'];

/** Where there is not that much room, one panel is open at a time. */
const wideEnough = '(min-width: 1100px) and (min-height: 620px)';

/** Opens and closes them. */
export class Panels {
  readonly #isWide = matchMedia(wideEnough);
  readonly #changed: (name: PanelName, isOpen: boolean) => void;

  /** `changed` is called when a panel was opened or closed. */
  constructor(changed: (name: PanelName, isOpen: boolean) => void) {
    this.#changed = changed;
    for (const name of names) {
      byID(`${name}-button`).addEventListener('click', () => this.toggle(name));
      byID(`${name}-close`).addEventListener('click', () => this.#leave(name));
      byID(`${name}-panel`).addEventListener('keydown', (event) => {
        if (event.key !== 'Escape' || event.isComposing) return;
        event.preventDefault();
        this.#leave(name);
      });
    }
    this.#isWide.addEventListener('change', () => {
      if (!this.#isWide.matches && names.every((name) => this.isOpen(name))) this.close('people');
    });
  }

  /** Whether a panel is open. */
  isOpen(name: PanelName): boolean {
    return !byID(`${name}-panel`).hidden;
  }

  /** Opens a panel, or closes it. */
  toggle(name: PanelName): void {
    if (this.isOpen(name)) this.close(name);
    else this.open(name);
  }

  /** Opens a panel; another makes room for it where there is too little. */
  open(name: PanelName): void {
    if (!this.#isWide.matches) for (const other of names) if (other !== name) this.close(other);
    this.#set(name, true);
  }

  /** Closes a panel. */
  close(name: PanelName): void {
    if (this.isOpen(name)) this.#set(name, false);
  }

  /** Closes all of them. */
  closeAll(): void {
    for (const name of names) this.close(name);
  }

  /** Closes a panel one is in; the focus goes back to where it was opened. */
  #leave(name: PanelName): void {
    this.close(name);
    byID(`${name}-button`).focus();
  }

  #set(name: PanelName, isOpen: boolean): void {
    byID(`${name}-panel`).hidden = !isOpen;
    byID(`${name}-button`).setAttribute('aria-expanded', String(isOpen));
    byID('side').hidden = names.every((one) => !this.isOpen(one));
    this.#changed(name, isOpen);
  }
}
