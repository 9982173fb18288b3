// How large the elements are that show a track, and whether anybody can see them.
// SPDX-License-Identifier: Apache-2.0
import type { ViewSize } from './VideoChoices';

/** How long a view must stay smaller, or out of sight, until less is asked for. */
export interface ViewTiming {
  readonly smallerMilliseconds: number;
  readonly hiddenMilliseconds: number;
}

/** The times unless a test has others. */
export const usualViewTiming: ViewTiming = { smallerMilliseconds: 500, hiddenMilliseconds: 3000 };

/** What it needs of an element. */
export interface WatchedElement {
  readonly clientWidth: number;
  readonly clientHeight: number;
  /** Pixels of the picture it has; 0 before the first. */
  readonly videoWidth?: number;
}

/** What it needs of the page. */
export interface ViewSurroundings {
  /** Pixels of the screen for one of the page. */
  readonly pixelRatio: () => number;
  /** Whether the page itself is out of sight. */
  readonly isHidden: () => boolean;
  /** Calls back when the element's size or whether it is in sight may have changed; gives what ends
   * that. */
  readonly observe: (
    element: WatchedElement,
    changed: (isInSight: boolean | undefined) => void,
  ) => () => void;
  /** Calls back when the page is hidden or shown. */
  readonly onHiddenChanged: (changed: () => void) => () => void;
}

/**
 * Tells the size of the largest view of one track: more at once, less after a while, so that a
 * page that is laid out anew, or scrolled past, does not ask for layers to and fro.
 */
export class ViewWatch {
  readonly #tell: (view: ViewSize | undefined) => void;
  readonly #surroundings: ViewSurroundings;
  readonly #timing: ViewTiming;
  readonly #elements = new Map<WatchedElement, { isInSight: boolean; stop: () => void }>();
  #told: ViewSize | undefined;
  #stopHidden: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    tell: (view: ViewSize | undefined) => void,
    surroundings: ViewSurroundings = browserSurroundings,
    timing: ViewTiming = usualViewTiming,
  ) {
    this.#tell = tell;
    this.#surroundings = surroundings;
    this.#timing = timing;
  }

  /** Watches an element too. */
  add(element: WatchedElement): void {
    if (this.#elements.has(element)) return;
    const entry = { isInSight: true, stop: () => {} };
    this.#elements.set(element, entry);
    entry.stop = this.#surroundings.observe(element, (isInSight) => {
      if (isInSight !== undefined) entry.isInSight = isInSight;
      this.#update();
    });
    this.#stopHidden ??= this.#surroundings.onHiddenChanged(() => this.#update());
    this.#update();
  }

  /** Watches an element no longer. */
  remove(element: WatchedElement): void {
    this.#elements.get(element)?.stop();
    if (!this.#elements.delete(element)) return;
    if (this.#elements.size === 0) this.#reset();
    else this.#update();
  }

  /** Watches nothing any more: the view is not known from now on. */
  clear(): void {
    for (const element of [...this.#elements.keys()]) this.remove(element);
  }

  /** The largest view now; one without pixels where none is in sight. */
  get #view(): ViewSize {
    let largest: ViewSize = { width: 0, height: 0 };
    if (this.#surroundings.isHidden()) return largest;
    const ratio = this.#surroundings.pixelRatio();
    for (const [element, { isInSight }] of this.#elements) {
      if (!isInSight) continue;
      const view = { width: element.clientWidth * ratio, height: element.clientHeight * ratio };
      if (area(view) > area(largest)) largest = view;
    }
    return largest;
  }

  #update(): void {
    if (this.#elements.size === 0) return;
    const view = this.#view;
    // A page may show the element only once there is a picture.
    const hasPicture = [...this.#elements.keys()].some((element) => element.videoWidth !== 0);
    if (area(view) === 0 && !hasPicture) {
      clearTimeout(this.#timer);
      return;
    }
    const told = this.#told;
    clearTimeout(this.#timer);
    if (told && told.width === view.width && told.height === view.height) return;
    if (told && area(view) > area(told)) {
      this.#say(view);
      return;
    }
    const { smallerMilliseconds, hiddenMilliseconds } = this.#timing;
    const wait = area(view) === 0 ? hiddenMilliseconds : smallerMilliseconds;
    this.#timer = setTimeout(() => this.#say(this.#view), wait);
  }

  #say(view: ViewSize): void {
    clearTimeout(this.#timer);
    this.#told = view;
    this.#tell(view);
  }

  #reset(): void {
    clearTimeout(this.#timer);
    this.#stopHidden?.();
    this.#stopHidden = undefined;
    if (!this.#told) return;
    this.#told = undefined;
    this.#tell(undefined);
  }
}

function area(view: ViewSize): number {
  return view.width * view.height;
}

const browserSurroundings: ViewSurroundings = {
  pixelRatio: () => globalThis.devicePixelRatio || 1,
  isHidden: () => document.visibilityState === 'hidden',
  observe: (element, changed) => {
    const resize = new ResizeObserver(() => changed(undefined));
    const sight = new IntersectionObserver((entries) => {
      const last = entries[entries.length - 1];
      if (last) changed(last.isIntersecting);
    });
    const video = element as HTMLVideoElement;
    const pictured = () => changed(undefined);
    resize.observe(video);
    sight.observe(video);
    video.addEventListener('resize', pictured);
    return () => {
      video.removeEventListener('resize', pictured);
      resize.disconnect();
      sight.disconnect();
    };
  },
  onHiddenChanged: (changed) => {
    document.addEventListener('visibilitychange', changed);
    return () => document.removeEventListener('visibilitychange', changed);
  },
};

/** Whether this browser tells the sizes of elements. */
export function canWatchViews(): boolean {
  return typeof ResizeObserver !== 'undefined' && typeof IntersectionObserver !== 'undefined';
}
