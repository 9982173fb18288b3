// Leaving out the upper sizes of a stream that has several within it.
// SPDX-License-Identifier: Apache-2.0
import { pictureBitrate } from './pictureBitrate';

/** How many of the sizes within one stream somebody wants, from the smallest. */
export interface SpatialLayers {
  readonly wanted: number;
  /** How many there are where all are sent. */
  readonly of: number;
}

/** An encoding with what older type libraries leave out. */
export type LayeredEncoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** What is left of a mode with so many sizes; `undefined`: nothing can be left out of it. */
export function cutMode(mode: string | undefined, wanted: number): string | undefined {
  const [, count = 0, times = '', key = ''] = /^L([23])(T[123])(_KEY)?$/.exec(mode ?? '') ?? [];
  if (wanted < 1 || wanted > Number(count)) return undefined;
  return wanted === 1 ? `L1${times}` : `L${wanted}${times}${key}`;
}

/** Leaves out the upper sizes of a stream; the others keep their size. With several sizes browsers bound each by itself,
 * of a single one they would make as much as of any picture: so the rate is bounded, too.
 * @param pixels How many a whole picture has. */
export function cutSpatialLayers(
  encoding: LayeredEncoding,
  { wanted, of }: SpatialLayers,
  pixels: number,
): void {
  const mode = wanted < of ? cutMode(encoding.scalabilityMode, wanted) : undefined;
  if (mode === undefined) return;
  const scale = 2 ** (of - wanted);
  let rate = 0;
  for (let place = 0; place < wanted; place += 1) {
    rate += pictureBitrate(pixels / 4 ** (of - 1 - place));
  }
  encoding.scalabilityMode = mode;
  encoding.scaleResolutionDownBy = (encoding.scaleResolutionDownBy ?? 1) * scale;
  encoding.maxBitrate = Math.min(rate, Math.round((encoding.maxBitrate ?? Infinity) / scale));
}
