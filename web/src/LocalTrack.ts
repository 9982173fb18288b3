// A track of one's own: what is published, and where it is previewed.
// SPDX-License-Identifier: Apache-2.0
import { toBytes } from './dataBytes';
import type { DataBytes } from './dataBytes';
import { MediaView } from './MediaView';
import type { TrackKind, TrackSource } from './messages';
import type { MetadataOptions } from './metadataMessage';
import type { SpatialLayers } from './spatialLayers';
import type { CaptureSize } from './videoEncodings';

/** How far publishing is. `idle`: not in a room. */
export type PublishState = 'idle' | 'unpublished' | 'publishing' | 'published';

/** A track that this client publishes. */
export class LocalTrack {
  /** What it shows. */
  readonly source: TrackSource;
  /** Whether it is heard or seen. */
  readonly kind: TrackKind;

  readonly #view = new MediaView();
  readonly #sendMetadata: SendTrackMetadata;
  #id: string;
  #media: MediaStreamTrack;
  #section: RTCRtpTransceiver;
  #isMuted = false;

  /** The sizes of it that somebody receives; undefined: all of them may be. @internal */
  layersWanted: readonly string[] | undefined;
  /** By size the most bits a second that somebody could use. @internal */
  usefulBitrates: Readonly<Record<string, number>> | undefined;
  /** How many of the sizes within its only stream somebody receives; undefined: all may be. @internal */
  spatialLayers: SpatialLayers | undefined;
  /** The capture size its sizes were chosen for; undefined before that. @internal */
  shapedFor: CaptureSize | undefined;
  /** Whether the server of the present session knows it. @internal */
  isAnnounced = true;
  /** The most bits a second it sends. @internal */
  readonly maxBitrate: number | undefined;
  /** Opens the device again; absent where the application brought the track itself. @internal */
  readonly reopen: Reopen | undefined;

  /** @internal */
  constructor(fields: {
    id: string;
    source: TrackSource;
    media: MediaStreamTrack;
    section: RTCRtpTransceiver;
    reopen: Reopen | undefined;
    maxBitrate: number | undefined;
    sendMetadata: SendTrackMetadata;
  }) {
    this.#id = fields.id;
    this.#sendMetadata = fields.sendMetadata;
    this.source = fields.source;
    this.kind = fields.media.kind as TrackKind;
    this.#section = fields.section;
    this.reopen = fields.reopen;
    this.maxBitrate = fields.maxBitrate;
    this.#media = fields.media;
    this.#view.show(fields.media);
  }

  /** The track's id, unique in the room; another one after a restart of the session. */
  get id(): string {
    return this.#id;
  }

  /** The browser's track; changes when the device is switched. */
  get mediaStreamTrack(): MediaStreamTrack {
    return this.#media;
  }

  /** Whether it is silenced. */
  get isMuted(): boolean {
    return this.#isMuted;
  }

  /** Whether its device was closed while it is muted. */
  get isReleased(): boolean {
    return this.#media.readyState === 'ended';
  }

  /** Previews it in an element, which follows when the device is switched. */
  attach(element: HTMLMediaElement): void {
    this.#view.add(element);
  }

  /** Takes it off an element, or off all. */
  detach(element?: HTMLMediaElement): void {
    if (element) this.#view.remove(element);
    else this.#view.clear();
  }

  /**
   * Sends bytes of the application with the next pictures, as supplemental enhancement information
   * of H.264; the others are told `metadataReceived` when they come to that picture. Resolves when
   * the message waits for pictures.
   *
   * Rejects with `invalidState` unless one joined with `pictureMetadata`, with `invalidArgument` for 0 or
   * more than 4096 bytes, options out of range, or a track that is not of H.264, with
   * `dataRateExceeded` if 64 messages wait, and with `trackNotFound` once it is unpublished.
   */
  async sendMetadata(data: DataBytes, options: MetadataOptions = {}): Promise<void> {
    await this.#sendMetadata(this, toBytes(data), options);
  }

  /** @internal */
  get section(): RTCRtpTransceiver {
    return this.#section;
  }

  /** Another section carries it, of another peer connection. @internal */
  bind(section: RTCRtpTransceiver): void {
    this.#section = section;
    this.isAnnounced = false;
  }

  /** The server knows it by this id now. @internal */
  announced(id: string): void {
    this.#id = id;
    this.isAnnounced = true;
  }

  /** @internal */
  setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  /** @internal */
  setMedia(media: MediaStreamTrack): void {
    this.#media = media;
    this.#view.show(media);
  }
}

/** Sends bytes with a track's pictures. */
export type SendTrackMetadata = (
  track: LocalTrack,
  data: Uint8Array,
  options: MetadataOptions,
) => Promise<void>;

/** Opens a track's device again, or another one. */
export type Reopen = (deviceId?: string) => Promise<MediaStreamTrack>;
