// What the SDK and its worker for metadata tell each other.
// SPDX-License-Identifier: Apache-2.0
import type { MetadataMessage } from './metadataMessage';

/** What a transform is for: pictures of a queue leave, or those of a section arrive. */
export type TransformPurpose =
  | { readonly direction: 'send'; readonly queue: string }
  | { readonly direction: 'receive'; readonly section: number };

/** The worker is to send a message with pictures; it answers `taken` or `full`. */
export interface SendMetadata {
  readonly request: number;
  readonly queue: string;
  readonly data: Uint8Array;
  readonly repeats: number;
  readonly delayMilliseconds: number;
  readonly keyFramesOnly: boolean;
}

/** What the worker tells. */
export type WorkerNews =
  /** It runs. */
  | { readonly type: 'ready' }
  | { readonly type: 'taken'; readonly request: number }
  /** As many messages wait as may. */
  | { readonly type: 'full'; readonly request: number }
  /** A picture with messages has come over a section. */
  | ({ readonly type: 'received'; readonly section: number } & ReceivedMetadata);

/** What came with a picture. */
export interface ReceivedMetadata {
  readonly rtpTimestamp: number;
  readonly messages: readonly MetadataMessage[];
}
