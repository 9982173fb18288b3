// The little of node that tests use; Debian's TypeScript comes without node's types.
// SPDX-License-Identifier: Apache-2.0

declare module 'node:test' {
  export function test(name: string, body: () => void | Promise<void>): void;
}

declare module 'node:assert/strict' {
  interface Assert {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): asserts value;
    throws(body: () => unknown, expected?: object): void;
    rejects(body: Promise<unknown>, expected?: object): Promise<void>;
  }
  const assert: Assert;
  export default assert;
}

declare module 'node:fs' {
  export function readdirSync(path: string): string[];
  export function readFileSync(path: string, encoding: 'utf8'): string;
}

declare module 'node:process' {
  export const env: { [name: string]: string | undefined };
}

declare module 'node:zlib' {
  export function deflateRawSync(bytes: Uint8Array): Uint8Array;
  export function inflateRawSync(bytes: Uint8Array): Uint8Array;
}
