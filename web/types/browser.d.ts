// What browsers have and the DOM library of Debian's TypeScript 4.8 does not describe.
// SPDX-License-Identifier: Apache-2.0

/** Compresses bytes that pass through (Compression Streams). */
declare class CompressionStream {
  constructor(format: 'deflate-raw' | 'deflate' | 'gzip');
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Decompresses bytes that pass through (Compression Streams). */
declare class DecompressionStream {
  constructor(format: 'deflate-raw' | 'deflate' | 'gzip');
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A header extension and whether it is negotiated (WebRTC Extensions §5.3). */
interface RTCRtpHeaderExtensionCapability {
  direction?: RTCRtpTransceiverDirection;
}

interface RTCRtpTransceiver {
  getHeaderExtensionsToNegotiate?(): RTCRtpHeaderExtensionCapability[];
  setHeaderExtensionsToNegotiate?(extensions: RTCRtpHeaderExtensionCapability[]): void;
}

interface RTCRtpEncodingParameters {
  /** The codec this encoding is sent with (WebRTC Extensions §5.6). */
  codec?: RTCRtpCodecCapability;
}

interface HTMLMediaElement {
  setSinkId?(sinkId: string): Promise<void>;
}

/** Lets encoded pictures of a section pass through a worker (WebRTC Encoded Transform §5). */
declare class RTCRtpScriptTransform {
  constructor(worker: Worker, options?: unknown);
}

interface RTCRtpSender {
  transform?: RTCRtpScriptTransform | null;
}

interface RTCRtpReceiver {
  transform?: RTCRtpScriptTransform | null;
}

interface RTCEncodedVideoFrameMetadata {
  mimeType?: string;
  rtpTimestamp?: number;
}
