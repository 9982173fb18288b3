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

/** The mode of the smallest size alone; `undefined`: nothing can be left out of a mode. */
export function smallestMode(mode: string | undefined): string | undefined {
  const [, times] = /^L[23](T[123])(?:_KEY)?$/.exec(mode ?? '') ?? [];
  return times && `L1${times}`;
}

/** Leaves out all sizes of a stream but the smallest, where that alone is wanted; it keeps its size. With several sizes
 * browsers bound each by itself, of a single one they would make as much as of any picture: so the rate is bounded, too.
 * Two sizes of three are not told apart from all: Chromium gives them less than it gives each of three.
 * @param pixels How many a whole picture has. */
export function cutSpatialLayers(
  encoding: LayeredEncoding,
  { wanted, of }: SpatialLayers,
  pixels: number,
): void {
  const mode = wanted === 1 && of > 1 ? smallestMode(encoding.scalabilityMode) : undefined;
  if (mode === undefined) return;
  const scale = 2 ** (of - 1);
  encoding.scalabilityMode = mode;
  encoding.scaleResolutionDownBy = (encoding.scaleResolutionDownBy ?? 1) * scale;
  const most = Math.round((encoding.maxBitrate ?? Infinity) / scale);
  encoding.maxBitrate = Math.min(pictureBitrate(pixels / scale ** 2), most);
}
