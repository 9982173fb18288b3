// The elements that show a track, kept in step with what there is to show.
// SPDX-License-Identifier: Apache-2.0

/** The elements a track is attached to. */
export class MediaView {
  readonly #elements = new Set<HTMLMediaElement>();
  readonly #covered = new Map<HTMLMediaElement, string>();
  #stream: MediaStream | null = null;
  #isCovered = false;

  /** The elements attached. */
  get elements(): HTMLMediaElement[] {
    return [...this.#elements];
  }

  /** Shows the track in an element too. */
  add(element: HTMLMediaElement): void {
    this.#elements.add(element);
    element.autoplay = true;
    if (typeof HTMLVideoElement !== 'undefined' && element instanceof HTMLVideoElement) {
      // Sound has elements of its own; without this, autoplay of the picture would be blocked.
      element.muted = true;
      element.playsInline = true;
    }
    this.#apply(element);
  }

  /** Takes an element off and blanks it. */
  remove(element: HTMLMediaElement): void {
    if (!this.#elements.delete(element)) return;
    element.srcObject = null;
    this.#uncover(element);
  }

  /** Takes all elements off. */
  clear(): void {
    for (const element of this.elements) this.remove(element);
  }

  /** Shows a track, or nothing at once: browsers would keep the last picture. */
  show(track: MediaStreamTrack | null, isCovered = false): void {
    this.#stream = track ? new MediaStream([track]) : null;
    this.#isCovered = isCovered;
    for (const element of this.#elements) this.#apply(element);
  }

  /** Lifts the cover. */
  reveal(): void {
    this.#isCovered = false;
    for (const element of this.#elements) this.#uncover(element);
  }

  #apply(element: HTMLMediaElement): void {
    if (element.srcObject !== this.#stream) element.srcObject = this.#stream;
    if (this.#isCovered) this.#cover(element);
    else this.#uncover(element);
    if (!this.#stream) return;
    // Refused for an element that was taken off meanwhile; nothing is lost by that.
    element.play().catch(() => {});
  }

  #cover(element: HTMLMediaElement): void {
    if (this.#covered.has(element)) return;
    this.#covered.set(element, element.style.visibility);
    element.style.visibility = 'hidden';
  }

  #uncover(element: HTMLMediaElement): void {
    const before = this.#covered.get(element);
    if (before === undefined) return;
    this.#covered.delete(element);
    element.style.visibility = before;
  }
}
