// Which codecs and header extensions are offered: those the server forwards, nothing else.
// SPDX-License-Identifier: Apache-2.0
import type { TrackKind } from './messages';

/** A video codec that can be asked for. */
export type VideoCodec = 'vp8' | 'vp9' | 'h264' | 'av1';

/** How a stream is layered: so many sizes (L) and frame rates (T) in one stream, of which each receiver gets what fits
 * it. With `_KEY` the sizes depend on each other in keyframes alone. */
export type ScalabilityMode =
  | 'L1T2'
  | 'L1T3'
  | 'L2T1'
  | 'L2T1_KEY'
  | 'L2T2'
  | 'L2T2_KEY'
  | 'L2T3'
  | 'L2T3_KEY'
  | 'L3T1'
  | 'L3T1_KEY'
  | 'L3T2'
  | 'L3T2_KEY'
  | 'L3T3'
  | 'L3T3_KEY';

/** What is asked of `svc`, for checks. */
export const scalabilityModes: readonly ScalabilityMode[] = [
  'L1T2',
  'L1T3',
  'L2T1',
  'L2T1_KEY',
  'L2T2',
  'L2T2_KEY',
  'L2T3',
  'L2T3_KEY',
  'L3T1',
  'L3T1_KEY',
  'L3T2',
  'L3T2_KEY',
  'L3T3',
  'L3T3_KEY',
];

/** The layers of a camera that is sent in layers, by its codec: encoding several sizes of AV1 is more than most
 * machines can do beside a call. */
export const usualScalabilityModes: Readonly<Partial<Record<VideoCodec, ScalabilityMode>>> = {
  vp9: 'L3T3_KEY',
  av1: 'L1T3',
};

/** What of a codec's description decides. */
export interface CodecDescription {
  readonly mimeType: string;
  readonly sdpFmtpLine?: string;
}

const videoOrder: readonly VideoCodec[] = ['vp8', 'vp9', 'h264', 'av1'];

/**
 * The codecs to offer, best first: for video `preferred`, VP8, VP9 profile 0, H.264 constrained
 * baseline in packetization mode 1, AV1 main, and their retransmissions; for audio Opus and RED.
 * Browsers list many more, which would make the offer several times as large.
 */
export function preferredCodecs<Codec extends CodecDescription>(
  available: readonly Codec[],
  kind: TrackKind,
  preferred?: VideoCodec,
): Codec[] {
  if (kind === 'audio') {
    return [...named(available, 'audio/opus'), ...named(available, 'audio/red')];
  }
  const order = preferred
    ? [preferred, ...videoOrder.filter((codec) => codec !== preferred)]
    : videoOrder;
  const media = order.flatMap((codec) => named(available, `video/${codec}`).filter(isForwarded));
  return media.length === 0 ? [] : [...media, ...named(available, 'video/rtx')];
}

/** Whether a MIME type is that of a codec. */
export function isCodec(mimeType: string, name: VideoCodec): boolean {
  return mimeType.toLowerCase() === `video/${name}`;
}

function named<Codec extends CodecDescription>(all: readonly Codec[], mimeType: string): Codec[] {
  return all.filter((codec) => codec.mimeType.toLowerCase() === mimeType);
}

function isForwarded(codec: CodecDescription): boolean {
  const line = codec.sdpFmtpLine ?? '';
  switch (codec.mimeType.toLowerCase()) {
    case 'video/h264':
      // Other baseline levels than 3.1 exist in Safari alone (42e020 and such).
      return /packetization-mode=1/.test(line) && /profile-level-id=42e0/i.test(line);
    case 'video/vp9':
      return parameter(line, 'profile-id') === '0';
    case 'video/av1':
      return parameter(line, 'profile') === '0';
    default:
      return true;
  }
}

function parameter(line: string, name: string): string {
  for (const part of line.split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value ?? '';
  }
  return '0';
}

const usedExtensions: readonly string[] = [
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:3gpp:video-orientation',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
];

/** What AV1 names its layers by. A sender that has it leaves picture numbers out of VP8, which the server needs: so it
 * is for senders of AV1 and for receivers. */
const dependencyDescriptor =
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/** How a header extension of a section is offered: what the server neither reads nor writes not at all; `undefined`:
 * as the browser does. Chromium offers what names layers of AV1 only where it sends layers itself. */
export function extensionDirection(
  uri: string,
  layersOfAv1: boolean,
): 'stopped' | 'sendrecv' | undefined {
  if (uri === dependencyDescriptor) return layersOfAv1 ? 'sendrecv' : 'stopped';
  return usedExtensions.includes(uri) ? undefined : 'stopped';
}
