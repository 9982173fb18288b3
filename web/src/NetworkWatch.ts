// Tells when the machine has another network than before.
// SPDX-License-Identifier: Apache-2.0

/** The network's kind where browsers tell it (on phones). */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

/** Watches until it is closed. */
export class NetworkWatch {
  readonly #changed: () => void;
  readonly #information: NetworkInformation | undefined;
  #type: string | undefined;
  #wasOffline = false;

  /** `changed` is called when a network is there that was not there before. */
  constructor(changed: () => void) {
    this.#changed = changed;
    const { connection } = (typeof navigator === 'undefined' ? {} : navigator) as {
      connection?: NetworkInformation;
    };
    this.#information = connection;
    this.#type = connection?.type;
    connection?.addEventListener('change', this.#typeChange);
    if (typeof window === 'undefined') return;
    window.addEventListener('online', this.#online);
    window.addEventListener('offline', this.#offline);
  }

  /** Ends it. */
  close(): void {
    this.#information?.removeEventListener('change', this.#typeChange);
    if (typeof window === 'undefined') return;
    window.removeEventListener('online', this.#online);
    window.removeEventListener('offline', this.#offline);
  }

  /** Without a network nothing can be done; and links on this very machine go on without one. */
  readonly #offline = () => (this.#wasOffline = true);

  readonly #online = () => {
    if (!this.#wasOffline) return;
    this.#wasOffline = false;
    this.#changed();
  };

  /** It comes for every new estimate of the speed as well. */
  readonly #typeChange = () => {
    const type = this.#information?.type;
    if (type === undefined || type === this.#type || type === 'none') return;
    this.#type = type;
    this.#changed();
  };
}
