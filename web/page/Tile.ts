// One tile: somebody's picture or initials, name, and signs.
// SPDX-License-Identifier: Apache-2.0
import { fromTemplate, part } from './dom';
import { hueOf, initials } from './figures';

/** What can show itself in a video element. */
export interface Attachable {
  attach(element: HTMLMediaElement): void;
  detach(element?: HTMLMediaElement): void;
}

/** Who or what a tile shows. */
export interface TileSubject {
  readonly participant: string;
  readonly name: string;
  readonly source: 'camera' | 'screen' | 'custom';
  readonly isOwn: boolean;
}

/** A tile on the stage. */
export class Tile {
  /** The element to place. */
  readonly element: HTMLElement;

  readonly #video: HTMLVideoElement;
  #track: Attachable | undefined;
  #isVisible = false;

  constructor(subject: TileSubject) {
    this.element = fromTemplate<HTMLElement>('tile-template');
    this.#video = part<HTMLVideoElement>(this.element, 'video');
    this.element.dataset['participant'] = subject.participant;
    this.element.dataset['source'] = subject.source;
    this.element.classList.toggle('is-own', subject.isOwn);
    this.element.style.setProperty('--hue', String(hueOf(subject.participant)));
    const avatar = part<HTMLElement>(this.element, '.avatar');
    avatar.dataset['initials'] = initials(subject.name);
    part(this.element, '.name').textContent = label(subject);
    this.#video.setAttribute('aria-label', label(subject));
    for (const event of ['loadeddata', 'resize', 'emptied', 'playing']) {
      this.#video.addEventListener(event, () => this.#update());
    }
  }

  /** Shows a track; hidden while muted, for then the last picture would stand still. */
  show(track: Attachable | undefined, isVisible: boolean): void {
    if (this.#track !== track) {
      this.#track?.detach(this.#video);
      this.#track = track;
      track?.attach(this.#video);
    }
    this.#isVisible = isVisible;
    this.#update();
  }

  /** Whether the microphone is off. */
  set isMuted(value: boolean) {
    this.element.classList.toggle('is-muted', value);
  }

  /** Whether its participant speaks just now. */
  set isSpeaking(value: boolean) {
    this.element.classList.toggle('is-speaking', value);
  }

  /** Takes the tile off the stage. */
  remove(): void {
    this.#track?.detach(this.#video);
    this.#track = undefined;
    this.element.remove();
  }

  #update(): void {
    const hasPicture =
      this.#isVisible && this.#video.srcObject !== null && this.#video.videoWidth > 0;
    this.element.classList.toggle('has-picture', hasPicture);
  }
}

function label(subject: TileSubject): string {
  if (subject.source === 'screen') {
    return subject.isOwn ? 'Your screen' : `Screen of ${subject.name}`;
  }
  return subject.isOwn ? `${subject.name} (you)` : subject.name;
}
