// Small helpers for the page's elements; text always goes in as text, never as HTML.
// SPDX-License-Identifier: Apache-2.0

/** The element of that id, which index.html has. */
export function byID<Type extends HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element as Type;
}

/** A copy of the only element inside a template. */
export function fromTemplate<Type extends HTMLElement>(id: string): Type {
  const content = byID<HTMLTemplateElement>(id).content.firstElementChild;
  if (!content) throw new Error(`#${id} is empty`);
  return document.importNode(content, true) as Type;
}

/** The part of an element that a selector names. */
export function part<Type extends Element>(root: Element, selector: string): Type {
  const element = root.querySelector<Type>(selector);
  if (!element) throw new Error(`no ${selector}`);
  return element;
}

/** How long a short message stays. */
const toastMilliseconds = 5000;
const toastsMax = 2;

/** Shows a short message above the controls. */
export function toast(message: string): void {
  const element = document.createElement('div');
  element.className = 'toast';
  element.textContent = message;
  const toasts = byID('toasts');
  toasts.append(element);
  // When many come at once the newest tell enough.
  while (toasts.childElementCount > toastsMax) toasts.firstElementChild?.remove();
  setTimeout(() => element.remove(), toastMilliseconds);
}
