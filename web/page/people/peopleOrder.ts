// The order of people in the list.
// SPDX-License-Identifier: Apache-2.0
import type { Person } from './person';

type Ordered = Pick<Person, 'id' | 'name' | 'isOwn' | 'role' | 'hasHandUp'>;

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

/**
 * Oneself, then raised hands, then hosts before the audience, each by name. Nobody moves because
 * of what changes all the time, such as who speaks; those of one name keep their order by id.
 */
export function inOrder<Someone extends Ordered>(people: readonly Someone[]): Someone[] {
  return [...people].sort(compare);
}

function compare(a: Ordered, b: Ordered): number {
  return (
    Number(b.isOwn) - Number(a.isOwn) ||
    Number(b.hasHandUp) - Number(a.hasHandUp) ||
    Number(a.role === 'audience') - Number(b.role === 'audience') ||
    collator.compare(a.name, b.name) ||
    (a.id < b.id ? -1 : Number(a.id > b.id))
  );
}
