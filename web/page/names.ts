// Names of others as they may be shown: without signs that would turn or hide the text around.
// SPDX-License-Identifier: Apache-2.0

/** Controls, line ends, signs of no width, and those that turn the direction of what follows. A
 * joiner (U+200D) stays: emoji are made with it. */
const unfit = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b\\u200c\\u200e\\u200f' +
    '\\u2028-\\u202e\\u2060-\\u206f\\ufeff]+',
  'gu',
);

/** The name as one line of plain text; the fallback where nothing is left of it. */
export function displayName(name: string, fallback = 'Somebody'): string {
  return name.replace(unfit, ' ').replace(/\s+/gu, ' ').trim() || fallback;
}

/** So much of a name stands in a sentence. */
const shortLength = 40;

/** The name in few enough signs for a sentence. */
export function shortName(name: string, fallback?: string): string {
  const letters = [...displayName(name, fallback)];
  return letters.length > shortLength
    ? `${letters.slice(0, shortLength - 1).join('')}…`
    : letters.join('');
}

const remembered = 1000;

/** Remembers who was called what, so that a message of somebody who has left still has a name. */
export class NameBook {
  readonly #names = new Map<string, string>();

  /** Notes a name. The oldest are forgotten when there are too many. */
  note(id: string, name: string): void {
    this.#names.delete(id);
    this.#names.set(id, displayName(name, id));
    if (this.#names.size <= remembered) return;
    const [oldest] = this.#names.keys();
    if (oldest !== undefined) this.#names.delete(oldest);
  }

  /** The name last noted, else the id. */
  nameOf(id: string): string {
    return this.#names.get(id) ?? displayName(id);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#names.clear();
  }
}
