// The one error type of the SDK.
// SPDX-License-Identifier: Apache-2.0
import { errorCodes } from './errorCodes';
import type { ErrorName } from './errorCodes';

/** What every rejected promise of the SDK carries: a stable number, and a sentence for people. */
export class MartletError extends Error {
  /** The stable number (docs/errors.md); treat an unknown one by its first digit. */
  readonly code: number;
  /** What went wrong below, where something did. */
  readonly cause?: unknown;
  /** The same succeeds that much later, if nothing else is asked for before. */
  readonly retryAfterMilliseconds?: number;

  constructor(
    code: number | ErrorName,
    message: string,
    options: { cause?: unknown; retryAfterMilliseconds?: number | undefined } = {},
  ) {
    super(message);
    this.name = 'MartletError';
    this.code = typeof code === 'number' ? code : errorCodes[code];
    if ('cause' in options) this.cause = options.cause;
    const { retryAfterMilliseconds } = options;
    if (retryAfterMilliseconds !== undefined) this.retryAfterMilliseconds = retryAfterMilliseconds;
  }

  /** Whether this is the error of that name. */
  is(name: ErrorName): boolean {
    return this.code === errorCodes[name];
  }

  /** The code's name, where this version of the SDK knows it. */
  get codeName(): ErrorName | undefined {
    return names.get(this.code);
  }
}

const names = new Map<number, ErrorName>(
  Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorName]),
);

/** The error as a MartletError; anything foreign becomes one of the code given. */
export function asMartletError(error: unknown, code: ErrorName = 'internalError'): MartletError {
  if (error instanceof MartletError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new MartletError(code, message, { cause: error });
}
