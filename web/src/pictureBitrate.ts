// What a picture of a size is worth.
// SPDX-License-Identifier: Apache-2.0

/** The most bits a second a picture of that many pixels is given: 150,000 at 320x180, 560,000 at
 * 640x360, 2.1 million at 1280x720. */
export function pictureBitrate(pixels: number): number {
  return Math.round((150 * (pixels / (320 * 180)) ** 0.95)) * 1000;
}
