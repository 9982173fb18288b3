// Which relays a peer connection may go through, and from when on it tries them.
// SPDX-License-Identifier: Apache-2.0
import type { RelayInfo } from './messages';

/**
 * The application's own relays are tried from the first offer on. Those that the server names come with the answer to
 * it, and a peer connection looks for relays only when it begins: so they are tried from the next ICE restart on, and
 * calls that find a direct way never ask a relay for anything.
 */
export class RelayChoice {
  readonly #given: RTCConfiguration;
  #named: readonly RelayInfo[];
  #tried: readonly RelayInfo[] | undefined;

  /** `given` is the application's configuration; `relays`, named by the server before, are tried at once. */
  constructor(given: RTCConfiguration = {}, relays: readonly RelayInfo[] = []) {
    this.#given = { bundlePolicy: 'max-bundle', ...given };
    this.#named = this.#hasOwn ? [] : relays;
    if (this.#named.length > 0) this.#tried = this.#named;
  }

  /** What the peer connection is made with. */
  get configuration(): RTCConfiguration {
    return this.#tried ? { ...this.#given, iceServers: [...this.#tried] } : this.#given;
  }

  /** Whether relays that the server named are tried. */
  get areTried(): boolean {
    return this.#tried !== undefined;
  }

  /** Whether a restart would try relays that have not been tried. */
  get hasUntried(): boolean {
    return this.#named.length > 0 && this.#named !== this.#tried;
  }

  /** Whether nothing is sent until relays are tried: the application wants them alone. */
  get areNeeded(): boolean {
    return this.#given.iceTransportPolicy === 'relay' && !this.areTried;
  }

  /** The server names these. */
  name(relays: readonly RelayInfo[]): void {
    if (!this.#hasOwn) this.#named = relays;
  }

  /** ICE is about to be restarted. */
  prepareRestart(connection: RTCPeerConnection): void {
    if (!this.hasUntried) return;
    this.#tried = this.#named;
    try {
      connection.setConfiguration(this.configuration);
    } catch {
      // A browser that takes none of these relays goes on without.
    }
  }

  get #hasOwn(): boolean {
    return (this.#given.iceServers ?? []).length > 0;
  }
}
