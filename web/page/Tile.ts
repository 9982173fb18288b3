// One tile: somebody's picture or initials, name, and signs.
// SPDX-License-Identifier: Apache-2.0
import { fromTemplate, part, setAttribute, setText } from './dom';
import { hueOf, initials } from './figures';
import type { Person } from './people/person';
import { QualityBars } from './people/QualityBars';

/** What can show itself in a video element. */
export interface Attachable {
  attach(element: HTMLMediaElement): void;
  detach(element?: HTMLMediaElement): void;
}

/** What of somebody a tile shows. */
export type TileSource = 'camera' | 'screen' | 'custom';

/** A tile on the stage. */
export class Tile {
  /** The element to place. */
  readonly element = fromTemplate<HTMLElement>('tile-template');

  readonly #source: TileSource;
  readonly #video = part<HTMLVideoElement>(this.element, 'video');
  readonly #bars = new QualityBars();
  #track: Attachable | undefined;
  #isVisible = false;

  constructor({ id, isOwn }: Person, source: TileSource) {
    this.#source = source;
    this.element.dataset['participant'] = id;
    this.element.dataset['source'] = source;
    this.element.classList.toggle('is-own', isOwn);
    this.element.style.setProperty('--hue', String(hueOf(id)));
    part(this.element, 'figcaption').append(this.#bars.element);
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

  /** Shows name and signs; `figures` says more of the network. */
  describe(person: Person, figures = ''): void {
    const { element } = this;
    const text = label(person, this.#source);
    part<HTMLElement>(element, '.avatar').dataset['initials'] = initials(person.name);
    setText(part(element, '.name'), text);
    setAttribute(this.#video, 'aria-label', text);
    const isCamera = this.#source === 'camera';
    element.classList.toggle('is-muted', isCamera && !person.hasMicrophone);
    element.classList.toggle('is-speaking', isCamera && person.isSpeaking);
    element.classList.toggle('is-interrupted', !person.isOwn && person.isInterrupted);
    part<HTMLElement>(element, '.interrupted').hidden = person.isOwn || !person.isInterrupted;
    part<HTMLElement>(element, '.hand').hidden = !isCamera || !person.hasHandUp;
    this.#bars.show(person.quality, figures);
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

function label({ name, isOwn }: Person, source: TileSource): string {
  if (source === 'screen') return isOwn ? 'Your screen' : `Screen of ${name}`;
  return isOwn ? `${name} (you)` : name;
}
