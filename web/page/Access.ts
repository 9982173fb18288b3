// The tokens of this page: the one in its address, or new ones from where it may ask for them.
// SPDX-License-Identifier: Apache-2.0
import { fetchToken, tokenAddress } from './connection/tokenSource';
import type { TokenWish } from './connection/tokenSource';
import type { PageParameters } from './parameters';

/** Gives tokens. */
export class Access {
  readonly #address: string | undefined;
  /** The token of the page's address, until it turned out to be of no use. */
  #given: string | undefined;

  constructor({ token, tokenUrl }: PageParameters, page: string) {
    this.#given = token;
    this.#address = tokenUrl === undefined ? undefined : tokenAddress(tokenUrl, page);
  }

  /** Whether there is a way to a new token. */
  get canRenew(): boolean {
    return this.#address !== undefined;
  }

  /** The token to join with; undefined: without one. Rejects with words for people. */
  async tokenFor(wish: TokenWish): Promise<string | undefined> {
    return this.#given ?? (this.#address && (await fetchToken(this.#address, wish)));
  }

  /** A new token for whom one is. */
  async renew(wish: TokenWish): Promise<string> {
    if (!this.#address) throw new Error('There is no address for new access.');
    return fetchToken(this.#address, wish);
  }

  /** The token at hand is of no use any more. */
  discard(): void {
    // Without a way to a new one the server's own words about it say most.
    if (this.canRenew) this.#given = undefined;
  }
}
