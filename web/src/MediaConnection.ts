// The one peer connection of a session: its sections, offers, and which section is for what.
// SPDX-License-Identifier: Apache-2.0
import { withAudioRepair } from './audioRepair';
import {
  extensionDirection,
  isCodec,
  preferredCodecs,
  usualScalabilityModes,
} from './codecPreferences';
import type { ScalabilityMode, VideoCodec } from './codecPreferences';
import { MartletError } from './MartletError';
import type { MetadataChannel, MetadataSetup } from './MetadataChannel';
import type { RelayInfo, TrackKind, TrackSource } from './messages';
import type { MetadataOptions } from './metadataMessage';
import { withReceiverTimes } from './receiverTimes';
import { RelayChoice } from './RelayChoice';
import { selectedPair, text } from './statistics';
import type { Report } from './statistics';
import { simulcastEncodings } from './videoEncodings';

/** How a session's media is set up. */
export interface MediaOptions {
  /** What is sent and received: sound and pictures, or with `['audio']` sound alone. Then the offer
   * has no sections for pictures, and nothing of them is set up. */
  mediaKinds?: readonly TrackKind[];
  /** Sends the camera in up to three sizes, so that each receiver gets the one that fits it. So it is with VP8 and
   * H.264 unless this is false or `svc` is asked for. */
  simulcast?: boolean;
  /** Sends the camera in layers within one stream, of which each receiver gets what fits it: VP9 in three sizes and
   * three frame rates (`L3T3_KEY`), AV1 in three frame rates (`L1T3`), or as the mode says. VP9 unless `videoCodec` is
   * AV1; so it is with these two unless this or `simulcast` is false. A browser that cannot sends one size. */
  svc?: boolean | ScalabilityMode;
  /** The video codec to send with, where browser and server have it. */
  videoCodec?: VideoCodec;
  /** Lets pictures of H.264 carry bytes of the application (`LocalTrack.sendMetadata`, `metadataReceived`): all pictures
   * then pass through a worker, `martlet-metadata.js` beside the SDK, or where it says. */
  pictureMetadata?: boolean | MetadataSetup;
  /** Passed on to the peer connection. Relays given here as `iceServers` are tried from the first offer on, and those
   * that the server names are not. With `iceTransportPolicy: 'relay'` all media goes through relays. */
  rtcConfiguration?: RTCConfiguration;
}

/** A receiving section. */
export interface ReceivingSlot {
  readonly mid: string;
  readonly kind: TrackKind;
  readonly track: MediaStreamTrack;
}

/** Whether pictures are sent and received. */
export function carriesVideo(options: MediaOptions): boolean {
  return options.mediaKinds?.includes('video') ?? true;
}

/** The codec to send with. */
export function videoCodecOf(options: MediaOptions): VideoCodec | undefined {
  return options.videoCodec ?? (options.svc ? 'vp9' : undefined);
}

/** How the camera is layered within its stream; `undefined`: it is not. */
export function scalabilityModeOf(options: MediaOptions): ScalabilityMode | undefined {
  const { simulcast, svc = simulcast === undefined } = options;
  const codec = videoCodecOf(options);
  return svc === true ? codec && usualScalabilityModes[codec] : svc || undefined;
}

/** Whether the camera is sent as a stream for each size. */
export function sendsSimulcast(options: MediaOptions): boolean {
  const { simulcast, svc } = options;
  const codec = videoCodecOf(options);
  return simulcast ?? (!svc && !(codec && usualScalabilityModes[codec]));
}

/** How a camera is encoded; nothing to say: as the browser does. */
function cameraEncodings(options: MediaOptions): readonly RTCRtpEncodingParameters[] | undefined {
  if (sendsSimulcast(options)) return simulcastEncodings();
  const scalabilityMode = scalabilityModeOf(options);
  return scalabilityMode && [{ scalabilityMode } as RTCRtpEncodingParameters];
}

/** The pairs and audio-only slots of the first offer (docs/protocol.md, "Slots"). */
export const firstSlots = { pairs: 4, audio: 3 } as const;

/** Owns the peer connection. Only the client offers, so offers never collide. */
export class MediaConnection {
  /** Called when ICE takes the path for better or worse than before. */
  onPathChanged: () => void = () => {};
  /** Called when the connection is beyond repair: its handshake failed. */
  onFailed: () => void = () => {};
  /** The relays it may go through. */
  readonly relays: RelayChoice;

  readonly #connection: RTCPeerConnection;
  readonly #options: MediaOptions;
  readonly #metadata: MetadataChannel | undefined;
  readonly #sending = new Map<TrackSource, RTCRtpTransceiver>();
  readonly #custom: RTCRtpTransceiver[] = [];
  readonly #receiving: RTCRtpTransceiver[] = [];
  #negotiationCount = 0;
  #isClosed = false;

  /** Makes the connection with the sections of the first offer, in the order of the protocol; `relays`, known from a
   * former one, are tried at once; pictures pass through `metadata`, if there is any. */
  constructor(
    options: MediaOptions = {},
    relays: readonly RelayInfo[] = [],
    metadata?: MetadataChannel,
  ) {
    if (typeof RTCPeerConnection === 'undefined') {
      throw new MartletError('unsupportedBrowser', 'This browser has no WebRTC.');
    }
    this.#options = options;
    this.#metadata = metadata;
    this.relays = new RelayChoice(options.rtcConfiguration, relays);
    this.#connection = new RTCPeerConnection(this.relays.configuration);
    this.#connection.oniceconnectionstatechange = () => {
      if (!this.#isClosed) this.onPathChanged();
    };
    this.#connection.onconnectionstatechange = () => {
      // Where ICE alone has failed, a restart mends it.
      const hasFailed = this.#connection.connectionState === 'failed' && !this.isBroken;
      if (hasFailed && !this.#isClosed) this.onFailed();
    };
    const camera = cameraEncodings(options);
    this.#sending.set('microphone', this.#add('audio', 'sendonly'));
    if (this.carriesVideo) {
      this.#sending.set('camera', this.#add('video', 'sendonly', 'camera', camera));
      this.#sending.set('screen', this.#add('video', 'sendonly', 'screen'));
    }
    this.#sending.set('screenAudio', this.#add('audio', 'sendonly'));
    const { pairs, audio } = firstSlots;
    if (this.carriesVideo) this.addSlots(pairs, audio);
    else this.addSlots(0, pairs + audio);
  }

  /** How often descriptions were exchanged; joining is the first time. */
  get negotiationCount(): number {
    return this.#negotiationCount;
  }

  /** Whether it has sections for pictures. */
  get carriesVideo(): boolean {
    return carriesVideo(this.#options);
  }

  /** Whether ICE takes the path for good. */
  get isConnected(): boolean {
    const state = this.#connection.iceConnectionState;
    return !this.#isClosed && (state === 'connected' || state === 'completed');
  }

  /** Whether ICE has lost the path. */
  get isBroken(): boolean {
    const state = this.#connection.iceConnectionState;
    return state === 'disconnected' || state === 'failed';
  }

  /** Whether it is over. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The sources whose sections the last answer refused: no codec is shared. */
  get refusedSources(): TrackSource[] {
    const refused: TrackSource[] = [];
    for (const [source, section] of this.#sending) {
      if (section.currentDirection === 'inactive') refused.push(source);
    }
    if (this.#custom.some((section) => section.currentDirection === 'inactive')) {
      refused.push('custom');
    }
    return refused;
  }

  /** Whether media goes through a relay, as far as the browser tells. */
  async isRelayed(): Promise<boolean> {
    const reports: Report[] = [];
    (await this.#connection.getStats()).forEach((report: Report) => reports.push(report));
    const pair = selectedPair(reports);
    const local = pair && text(pair, 'localCandidateId');
    const candidate = reports.find((report) => report.id === local);
    return candidate?.['candidateType'] === 'relay';
  }

  /** The next offer has new ICE credentials, and relays are tried as well. */
  restartIce(): void {
    this.relays.prepareRestart(this.#connection);
    this.#connection.restartIce();
  }

  /** Appends receiving sections; they take part from the next offer on. */
  addSlots(pairs: number, audio: number): void {
    for (let n = 0; n < pairs; n += 1) {
      this.#receiving.push(this.#add('audio', 'recvonly'), this.#add('video', 'recvonly'));
    }
    for (let n = 0; n < audio; n += 1) this.#receiving.push(this.#add('audio', 'recvonly'));
  }

  /** Makes an offer and takes it as the local description. The server is told besides that lost
   * sound may be asked for again, the browser that it may measure its round trip. It names no
   * candidates: the server learns the client's address from its checks. */
  async offer(): Promise<string> {
    const offer = await this.#connection.createOffer();
    try {
      await this.#connection.setLocalDescription({
        type: 'offer',
        sdp: withReceiverTimes(offer.sdp ?? ''),
      });
    } catch {
      await this.#connection.setLocalDescription(offer);
    }
    return withAudioRepair(this.#connection.localDescription?.sdp ?? '');
  }

  /** Takes the answer to the last offer. Throws `malformedMessage` for one that does not fit. */
  async accept(answer: string): Promise<void> {
    try {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      throw new MartletError('malformedMessage', 'The answer of the server does not fit.', {
        cause: error,
      });
    }
    this.#negotiationCount += 1;
    await this.#chooseCodec();
  }

  /** Goes back to before the last offer, which was refused. */
  async rollBack(): Promise<void> {
    if (this.#connection.signalingState !== 'have-local-offer') return;
    await this.#connection.setLocalDescription({ type: 'rollback' });
  }

  /** The section that carries a source; `undefined` for a custom track without a free one. */
  sendingSection(source: TrackSource, kind: TrackKind): RTCRtpTransceiver | undefined {
    if (source !== 'custom') return this.#sending.get(source);
    return this.#custom.find(
      (section) => section.receiver.track.kind === kind && !section.sender.track,
    );
  }

  /** Appends a sending section for a custom track; it takes part from the next offer on. */
  addCustomSection(kind: TrackKind): RTCRtpTransceiver {
    const section = this.#add(kind, 'sendonly', `custom ${this.#custom.length}`);
    this.#custom.push(section);
    return section;
  }

  /** The receiving section of that mid. */
  slot(mid: string): ReceivingSlot | undefined {
    const section = this.#receiving.find((transceiver) => transceiver.mid === mid);
    if (!section) return undefined;
    const { track } = section.receiver;
    return { mid, kind: track.kind as TrackKind, track };
  }

  /** Sends a message with the next pictures of a section; see `LocalTrack.sendMetadata`. */
  async sendMetadata(
    section: RTCRtpTransceiver,
    data: Uint8Array,
    options: MetadataOptions,
  ): Promise<void> {
    if (!this.#metadata) {
      throw new MartletError('invalidState', 'Join with pictureMetadata: true to send metadata.');
    }
    await this.#metadata.send(section, data, options);
  }

  /** The browser's own figures. */
  getStats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  /** Ends everything. */
  close(): void {
    this.#isClosed = true;
    this.#connection.oniceconnectionstatechange = null;
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  #add(
    kind: TrackKind,
    direction: 'sendonly' | 'recvonly',
    name = '',
    encodings?: readonly RTCRtpEncodingParameters[],
  ): RTCRtpTransceiver {
    const section = this.#addSection(kind, direction, encodings);
    // At once: browsers ignore it later.
    if (kind === 'video' && direction === 'sendonly') this.#metadata?.passOut(section, name);
    if (kind === 'video' && direction === 'recvonly') this.#metadata?.passIn(section);
    const codec = direction === 'sendonly' ? videoCodecOf(this.#options) : undefined;
    trim(section, kind, codec, direction === 'recvonly' || codec === 'av1');
    return section;
  }

  #addSection(
    kind: TrackKind,
    direction: RTCRtpTransceiverDirection,
    encodings: readonly RTCRtpEncodingParameters[] | undefined,
  ): RTCRtpTransceiver {
    if (!encodings) return this.#connection.addTransceiver(kind, { direction });
    const sendEncodings = encodings.map((encoding) => ({ ...encoding }));
    try {
      return this.#connection.addTransceiver(kind, { direction, sendEncodings });
    } catch {
      // A browser that knows no such layers sends one size.
      return this.#connection.addTransceiver(kind, { direction });
    }
  }

  /** Names the codec to send with where the browser can; elsewhere the offer's order decides. */
  async #chooseCodec(): Promise<void> {
    const videoCodec = videoCodecOf(this.#options);
    if (!videoCodec) return;
    for (const section of [...this.#sending.values(), ...this.#custom]) {
      const parameters = section.sender.getParameters();
      const codec = parameters.codecs.find((one) => isCodec(one.mimeType ?? '', videoCodec));
      if (!codec || parameters.encodings.every((encoding) => encoding.codec)) continue;
      for (const encoding of parameters.encodings) encoding.codec = codec;
      // Browsers without this setting keep the order of the offer.
      await section.sender.setParameters(parameters).catch(() => {});
    }
  }
}

/** Takes out of a section's offer what the server does not use; it is large otherwise. */
function trim(
  section: RTCRtpTransceiver,
  kind: TrackKind,
  preferred: VideoCodec | undefined,
  layersOfAv1: boolean,
): void {
  try {
    const available = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    const codecs = preferredCodecs(available, kind, preferred);
    if (codecs.length > 0) section.setCodecPreferences(codecs);
  } catch {
    // An untrimmed offer is larger, and as good.
  }
  try {
    const extensions = section.getHeaderExtensionsToNegotiate?.();
    if (!extensions) return;
    for (const extension of extensions) {
      const direction = extensionDirection(extension.uri ?? '', layersOfAv1);
      if (direction) extension.direction = direction;
    }
    section.setHeaderExtensionsToNegotiate?.(extensions);
  } catch {
    // As above.
  }
}
