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

/** A new element with a class and a text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  text = '',
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** Changes a text only where it is another, so that readers and selections are left alone. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for an attribute; undefined takes it away. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Makes of a function one that runs once before the next picture, however often it is called. */
export function oncePerFrame(work: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      work();
    });
  };
}

/** How long a short message stays. */
const toastMilliseconds = 5000;
const toastsMax = 2;

/** Shows a short message above the controls. */
export function toast(message: string): void {
  const element = make('div', 'toast', message);
  const toasts = byID('toasts');
  toasts.append(element);
  // When many come at once the newest tell enough.
  while (toasts.childElementCount > toastsMax) toasts.firstElementChild?.remove();
  setTimeout(() => element.remove(), toastMilliseconds);
}

/** Takes away what is still there of them. */
export function clearToasts(): void {
  byID('toasts').replaceChildren();
}

/** Has a screen reader say something at once. */
export function announce(message: string): void {
  setText(byID('announcer'), message);
}
