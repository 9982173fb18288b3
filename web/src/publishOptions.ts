// How tracks are published and silenced.
// SPDX-License-Identifier: Apache-2.0

/** How a track is published. */
export interface PublishOptions {
  /** Starts silent. */
  muted?: boolean;
  /** The most bits a second this track sends, or the largest of its sizes; the SDK or the browser
   * chooses otherwise. */
  maxBitrate?: number;
}

/** How a track is silenced. */
export interface MuteOptions {
  /** Closes the device while muted, so that its light goes out; `unmute` opens it again. */
  releaseDevice?: boolean;
}
