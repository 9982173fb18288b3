// Where the page gets a new token from: an address that answers {"token": "..."}.
// SPDX-License-Identifier: Apache-2.0

/** The longest token the server takes. */
const tokenBytesMax = 16 * 1024;
const fetchTimeoutMilliseconds = 8000;

/** For whom a token is asked. */
export interface TokenWish {
  readonly room: string;
  readonly name?: string | undefined;
  /** One's id, once it is known: the new token must be for the same. */
  readonly participant?: string | undefined;
}

/** The address as HTTP or HTTPS, relative to the page; undefined where it is neither. */
export function tokenAddress(url: string, page: string): string | undefined {
  try {
    const address = new URL(url, page);
    return /^https?:$/u.test(address.protocol) ? address.href : undefined;
  } catch {
    return undefined;
  }
}

/** The address to ask, with whom the token is for; what it says itself already stays. */
export function tokenRequest(address: string, wish: TokenWish): string {
  const request = new URL(address);
  for (const [name, value] of Object.entries(wish)) {
    if (value && !request.searchParams.has(name)) request.searchParams.set(name, value);
  }
  return request.href;
}

/** The token in an answer. Throws a sentence for people where there is none. */
export function tokenIn(answer: unknown): string {
  const token = (answer as { token?: unknown } | null)?.token;
  if (typeof token !== 'string' || !token || token.length > tokenBytesMax) {
    throw new Error('The address for access gave no token.');
  }
  return token;
}

/** Fetches a token. Throws a sentence for people. */
export async function fetchToken(address: string, wish: TokenWish): Promise<string> {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), fetchTimeoutMilliseconds);
  try {
    const response = await fetch(tokenRequest(address, wish), {
      // Cookies go to the page's own origin alone.
      credentials: 'same-origin',
      cache: 'no-store',
      headers: { Accept: 'application/json' },
      signal: aborter.signal,
    });
    if (!response.ok) throw new Error(`The address for access refused it (${response.status}).`);
    return tokenIn(await response.json().catch(() => undefined));
  } catch (error) {
    const isOwn = error instanceof Error && error.message.startsWith('The address');
    throw isOwn ? error : new Error('The address for access does not answer.');
  } finally {
    clearTimeout(timer);
  }
}
