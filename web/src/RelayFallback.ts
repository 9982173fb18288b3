// Tries relays as well when no direct way to the server's media has been found for a while.
// SPDX-License-Identifier: Apache-2.0
import type { MediaConnection } from './MediaConnection';

/** How long a direct way is looked for before relays are tried as well. Where UDP or TCP get through it is found within
 * two round trips, and a way found later than this is still taken. */
export const relayPatienceMilliseconds = 1000;

/** Waits for one peer connection after another. */
export class RelayFallback {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The answer was taken, and ICE looks for ways from now on; `restart` makes it begin anew. */
  begin(media: MediaConnection, restart: () => void): void {
    this.close();
    if (!media.relays.hasUntried) return;
    if (media.relays.areNeeded) {
      restart();
      return;
    }
    this.#timer = setTimeout(() => {
      if (!media.isConnected && !media.isClosed) restart();
    }, relayPatienceMilliseconds);
  }

  /** Waits no longer. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
