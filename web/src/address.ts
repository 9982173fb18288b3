// From the address an application gives to the WebSocket's.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';

/**
 * The address of the signalling WebSocket: `https://host` and `wss://host` become
 * `wss://host/v1/signal`; an address with a path of its own keeps it.
 */
export function signalAddress(url: string, base?: string): string {
  let address: URL;
  try {
    address = new URL(url, base);
  } catch (error) {
    throw new MartletError('invalidArgument', `${url} is no address.`, { cause: error });
  }
  const protocols: Record<string, string> = {
    'http:': 'ws:',
    'https:': 'wss:',
    'ws:': 'ws:',
    'wss:': 'wss:',
  };
  const protocol = protocols[address.protocol];
  if (protocol === undefined) {
    throw new MartletError('invalidArgument', 'The address must begin with https:// or wss://.');
  }
  const path = address.pathname === '/' ? '/v1/signal' : address.pathname;
  return `${protocol}//${address.host}${path}${address.search}`;
}
