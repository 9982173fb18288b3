// Single keys for what one does often in a call.
// SPDX-License-Identifier: Apache-2.0

/** Calls the function of a key, unless one is typing or in a dialog; `isActive` asks first. */
export function listenForShortcuts(
  isActive: () => boolean,
  shortcuts: { readonly [key: string]: () => unknown },
): void {
  const works = new Map(Object.entries(shortcuts));
  document.addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement | null;
    if (!isActive() || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target?.closest('input, select, textarea, dialog')) return;
    const work = works.get(event.key.toLowerCase());
    if (!work) return;
    // What gets the focus now must not get the letter as well.
    event.preventDefault();
    work();
  });
}
