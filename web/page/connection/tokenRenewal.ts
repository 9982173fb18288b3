// Renews a token before it ends: tries until it is done or too late.
// SPDX-License-Identifier: Apache-2.0

/** What a renewal needs of what is around it. */
export interface RenewalSurroundings {
  /** Gets a token and shows it to the server. */
  renew(): Promise<void>;
  /** A try failed, and another follows. */
  failed(message: string): void;
  wait(milliseconds: number): Promise<void>;
  /** Whether the present token has ended, or the call. */
  isOver(): boolean;
}

/** Between two tries. */
export const retryMilliseconds = 4000;

/** Resolves with whether the token was renewed. */
export async function renewInTime(surroundings: RenewalSurroundings): Promise<boolean> {
  while (!surroundings.isOver()) {
    try {
      await surroundings.renew();
      return true;
    } catch (error) {
      if (surroundings.isOver()) return false;
      surroundings.failed(error instanceof Error ? error.message : String(error));
    }
    await surroundings.wait(retryMilliseconds);
  }
  return false;
}

/** What is said while a token is about to end. */
export function expiryText(
  secondsLeft: number,
  renewal: 'none' | 'running' | { readonly failure: string },
): string {
  const ends = `Your access ends in ${Math.max(0, Math.ceil(secondsLeft))} s`;
  if (renewal === 'none') return `${ends}. Ask for a new link to stay.`;
  if (renewal === 'running') return `${ends}; it is being renewed…`;
  return `${ends} and could not be renewed yet. ${renewal.failure}`;
}
