// Offers and answers of one peer connection after the first, one exchange after the other.
// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest } from './clientMessages';
import { asMartletError } from './MartletError';
import type { MediaConnection } from './MediaConnection';
import type { DescriptionBody } from './messages';
import { packDescription, unpackDescription } from './sessionDescription';

/** What the negotiator needs of the session around it. */
export interface NegotiatorSurroundings {
  request(request: Extract<ClientRequest, { type: 'offer' }>): Promise<{ answer: DescriptionBody }>;
  /** The server refused to restart ICE. */
  restartRefused(): void;
  /** An answer was taken. */
  accepted(): void;
}

/** Lives as long as its peer connection. */
export class Negotiator {
  readonly #media: MediaConnection;
  readonly #surroundings: NegotiatorSurroundings;
  #last: Promise<void> = Promise.resolve();
  #isRestartQueued = false;

  constructor(media: MediaConnection, surroundings: NegotiatorSurroundings) {
    this.#media = media;
    this.#surroundings = surroundings;
  }

  /** Changes sections and offers them. */
  offer(change: (media: MediaConnection) => void = () => {}): Promise<void> {
    const work = this.#last.then(() => this.#exchange(change));
    this.#last = work.catch(() => {});
    return work;
  }

  /** Offers new ICE credentials, and with them new ways to the server. */
  async restart(): Promise<void> {
    // One that has not begun yet serves this as well.
    if (this.#isRestartQueued) return;
    this.#isRestartQueued = true;
    try {
      await this.offer((media) => {
        this.#isRestartQueued = false;
        media.restartIce();
      });
    } catch (error) {
      const { code } = asMartletError(error);
      // What the SDK itself reports, a lost link above all, is no refusal.
      const isServers = code < 6000 || code >= 7000;
      if (!this.#media.isClosed && isServers) this.#surroundings.restartRefused();
    }
  }

  async #exchange(change: (media: MediaConnection) => void): Promise<void> {
    if (this.#media.isClosed) return;
    change(this.#media);
    const offer = await packDescription(await this.#media.offer());
    try {
      const reply = await this.#surroundings.request({ type: 'offer', offer });
      await this.#media.accept(await unpackDescription(reply.answer));
    } catch (error) {
      if (!this.#media.isClosed) await this.#media.rollBack();
      throw error;
    }
    this.#surroundings.accepted();
  }
}
