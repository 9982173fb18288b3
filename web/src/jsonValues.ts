// Plain values of JSON that came over the network, each checked; what is not as told is refused.
// SPDX-License-Identifier: Apache-2.0
import { MartletError } from './MartletError';

/** The fields of an object. */
export type Fields = Record<string, unknown>;

/** An object. */
export function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name);
  return value as Fields;
}

/** An array, each item read by `read`. */
export function list<T>(
  value: unknown,
  name: string,
  read: (item: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value)) throw malformed(name);
  return value.map((item) => read(item, name));
}

/** A text. */
export function string(value: unknown, name: string): string {
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

/** An integer that JavaScript holds exactly. */
export function integer(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw malformed(name);
  return value;
}

/** An integer; one that JavaScript cannot hold exactly is rounded. */
export function roundedInteger(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw malformed(name);
  return value;
}

/** True or false. */
export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw malformed(name);
  return value;
}

/** A field that may be absent or null, as an object of that field or of none. */
export function optional<Name extends string, T>(
  name: Name,
  value: unknown,
  read: (value: unknown, name: string) => T,
): { [key in Name]?: T } {
  if (value === undefined || value === null) return {};
  return { [name]: read(value, name) } as { [key in Name]?: T };
}

/** What is thrown for a field that is not of its form. */
export function malformed(name: string): MartletError {
  return new MartletError('malformedMessage', `The server sent a message with a bad ${name}.`);
}
