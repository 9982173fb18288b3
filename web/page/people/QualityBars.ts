// The small bars that say how good somebody's network is.
// SPDX-License-Identifier: Apache-2.0
import { fromTemplate, setAttribute } from '../dom';
import { barsOf, qualityText, worseGrade } from './quality';
import type { Quality } from './quality';

/** Four bars with words for readers and in the title. */
export class QualityBars {
  /** The element to place. */
  readonly element = fromTemplate<HTMLElement>('quality-template');

  /** Shows grades, with more figures behind the words where there are some. */
  show(quality: Quality, figures = ''): void {
    const grade = worseGrade(quality);
    const text = qualityText(quality);
    const { element } = this;
    element.hidden = grade === 'unknown';
    setAttribute(element, 'data-bars', String(barsOf(quality)));
    setAttribute(element, 'data-grade', grade);
    setAttribute(element, 'aria-label', text);
    setAttribute(element, 'title', figures ? `${text}\n${figures}` : text);
  }
}
