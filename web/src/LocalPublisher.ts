// Publishing one's own tracks: sections, muting, switching devices.
// SPDX-License-Identifier: Apache-2.0
import { captureCamera, captureMicrophone, captureScreen } from './capture';
import type { CameraOptions, MicrophoneOptions, ScreenOptions } from './capture';
import type { ClientRequest } from './clientMessages';
import { LocalTrack } from './LocalTrack';
import type { Reopen } from './LocalTrack';
import { MartletError } from './MartletError';
import type { MediaConnection } from './MediaConnection';
import type { TrackKind, TrackSource } from './messages';
import type { EmitRoomEvent } from './RoomEvents';

/** What the publisher needs of the session around it. */
export interface PublisherSurroundings {
  readonly emit: EmitRoomEvent;
  readonly media: MediaConnection;
  /** Sends a request; answers the track's id where the reply has one. */
  request(request: ClientRequest): Promise<{ track?: string }>;
  /** Offers the sections anew. */
  negotiate(): Promise<void>;
}

/** How a track is published. */
export interface PublishOptions {
  /** Starts silent. */
  muted?: boolean;
  /** The most bits a second this track sends; the browser chooses otherwise. */
  maxBitrate?: number;
}

/** How a track is silenced. */
export interface MuteOptions {
  /** Closes the device while muted, so that its light goes out; `unmute` opens it again. */
  releaseDevice?: boolean;
}

/** Keeps one's own tracks. One publisher lives as long as one session. */
export class LocalPublisher {
  readonly #tracks = new Map<string, LocalTrack>();
  readonly #surroundings: PublisherSurroundings;
  /** Publishing and muting happen one after the other: each ends before the next looks. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(surroundings: PublisherSurroundings) {
    this.#surroundings = surroundings;
  }

  /** One's own tracks by id. */
  get tracks(): ReadonlyMap<string, LocalTrack> {
    return this.#tracks;
  }

  /** One's own track of a source. */
  track(source: TrackSource): LocalTrack | undefined {
    for (const track of this.#tracks.values()) if (track.source === source) return track;
    return undefined;
  }

  async publishMicrophone(options: MicrophoneOptions & PublishOptions): Promise<LocalTrack> {
    const reopen: Reopen = (deviceId) =>
      captureMicrophone({ ...options, ...(deviceId && { deviceId }) });
    return this.#publishCaptured(await reopen(), 'microphone', options, reopen);
  }

  async publishCamera(options: CameraOptions & PublishOptions): Promise<LocalTrack> {
    const reopen: Reopen = (deviceId) =>
      captureCamera({ ...options, ...(deviceId && { deviceId }) });
    return this.#publishCaptured(await reopen(), 'camera', options, reopen);
  }

  async publishScreen(options: ScreenOptions & PublishOptions): Promise<LocalTrack[]> {
    const { video, audio } = await captureScreen(options);
    const never: Reopen = () =>
      Promise.reject(new MartletError('invalidState', 'A screen is chosen by the user anew.'));
    try {
      const tracks = [await this.#publishCaptured(video, 'screen', options, never)];
      if (audio) tracks.push(await this.#publishCaptured(audio, 'screenAudio', options, never));
      return tracks;
    } catch (error) {
      audio?.stop();
      throw error;
    }
  }

  /** Publishes any track; the application keeps it and stops it. */
  publish(
    media: MediaStreamTrack,
    source: TrackSource,
    options: PublishOptions = {},
    reopen?: Reopen,
  ): Promise<LocalTrack> {
    return this.#inTurn(() => this.#publish(media, source, options, reopen));
  }

  /** Takes a track back. */
  unpublish(track: LocalTrack, reason: 'requested' | 'ended' = 'requested'): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#tracks.delete(track.id)) return;
      this.#forget(track);
      this.#surroundings.emit('localTrackUnpublished', { track, reason });
      await track.section.sender.replaceTrack(null);
      await this.#surroundings.request({ type: 'unpublish', track: track.id });
    });
  }

  /** Silences a track: nothing of it leaves this machine any more. */
  mute(track: LocalTrack, options: MuteOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      this.#check(track);
      if (track.isMuted) return;
      track.mediaStreamTrack.enabled = false;
      track.setMuted(true);
      // A video sender would go on sending black frames; a sound sender sends next to nothing.
      if (track.kind === 'video') await track.section.sender.replaceTrack(null);
      if (options.releaseDevice && track.reopen && track.source !== 'screen') {
        track.mediaStreamTrack.onended = null;
        track.mediaStreamTrack.stop();
      }
      this.#surroundings.emit('localTrackMuted', { track, muted: true });
      await this.#surroundings.request({ type: 'mute', track: track.id, muted: true });
    });
  }

  /** Lets a track be heard or seen again. */
  unmute(track: LocalTrack): Promise<void> {
    return this.#inTurn(async () => {
      this.#check(track);
      if (!track.isMuted) return;
      if (track.isReleased && track.reopen) {
        const { deviceId } = track.mediaStreamTrack.getSettings();
        this.#replace(track, await track.reopen(deviceId).catch(() => track.reopen?.()));
      }
      track.mediaStreamTrack.enabled = true;
      track.setMuted(false);
      await track.section.sender.replaceTrack(track.mediaStreamTrack);
      this.#surroundings.emit('localTrackMuted', { track, muted: false });
      await this.#surroundings.request({ type: 'mute', track: track.id, muted: false });
    });
  }

  /** Takes a track from another device, without the others noticing more than another picture. */
  switchDevice(track: LocalTrack, deviceId: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#check(track);
      const { reopen } = track;
      if (!reopen) throw new MartletError('invalidState', 'That track is not of a device.');
      const media = await reopen(deviceId).catch(async (error: MartletError) => {
        if (!error.is('deviceBusy')) throw error;
        // Phones open one camera at a time.
        track.mediaStreamTrack.onended = null;
        track.mediaStreamTrack.stop();
        return reopen(deviceId);
      });
      this.#replace(track, media);
      media.enabled = !track.isMuted;
      if (!track.isMuted || track.kind === 'audio') await track.section.sender.replaceTrack(media);
    });
  }

  /** The session is over: stops what the SDK opened. */
  close(): void {
    for (const track of this.#tracks.values()) this.#forget(track);
    this.#tracks.clear();
  }

  async #publishCaptured(
    media: MediaStreamTrack,
    source: TrackSource,
    options: PublishOptions,
    reopen: Reopen,
  ): Promise<LocalTrack> {
    try {
      return await this.publish(media, source, options, reopen);
    } catch (error) {
      media.stop();
      throw error;
    }
  }

  async #publish(
    media: MediaStreamTrack,
    source: TrackSource,
    options: PublishOptions,
    reopen: Reopen | undefined,
  ): Promise<LocalTrack> {
    const { emit, request } = this.#surroundings;
    if (source !== 'custom' && this.track(source)) {
      throw new MartletError('sourceAlreadyPublished', `You publish a ${source} already.`);
    }
    const kind = media.kind as TrackKind;
    const section = await this.#section(source, kind);
    if (section.receiver.track.kind !== kind) {
      throw new MartletError('sourceKindMismatch', `A ${source} cannot be of kind ${kind}.`);
    }
    if (section.currentDirection === 'inactive' || section.mid === null) {
      throw new MartletError('noCommonCodec', 'Browser and server share no codec for that track.');
    }
    const muted = options.muted ?? false;
    media.enabled = !muted;
    let id: string | undefined;
    try {
      if (!muted || kind === 'audio') await section.sender.replaceTrack(media);
      await limit(section.sender, options.maxBitrate);
      const publish = { type: 'publish', source, mid: section.mid } as const;
      id = (await request(muted ? { ...publish, muted } : publish)).track;
    } catch (error) {
      await section.sender.replaceTrack(null).catch(() => {});
      throw error;
    }
    if (id === undefined) {
      throw new MartletError('malformedMessage', 'The server gave the track no id.');
    }
    const track = new LocalTrack({ id, source, media, section, reopen });
    track.setMuted(muted);
    this.#tracks.set(id, track);
    this.#watchEnd(track);
    emit('localTrackPublished', { track });
    return track;
  }

  async #section(source: TrackSource, kind: TrackKind): Promise<RTCRtpTransceiver> {
    const { media, negotiate } = this.#surroundings;
    const section = media.sendingSection(source, kind);
    if (section) return section;
    const added = media.addCustomSection(kind);
    await negotiate();
    return added;
  }

  #replace(track: LocalTrack, media: MediaStreamTrack | undefined): void {
    if (!media) throw new MartletError('deviceNotFound', 'The device cannot be opened again.');
    track.mediaStreamTrack.onended = null;
    track.mediaStreamTrack.stop();
    track.setMedia(media);
    this.#watchEnd(track);
  }

  /** Unplugging a device, or ending a share in the browser's own bar, ends the publication. */
  #watchEnd(track: LocalTrack): void {
    track.mediaStreamTrack.onended = () => {
      this.unpublish(track, 'ended').catch(() => {});
    };
  }

  #forget(track: LocalTrack): void {
    track.detach();
    track.mediaStreamTrack.onended = null;
    if (track.reopen) track.mediaStreamTrack.stop();
  }

  #check(track: LocalTrack): void {
    if (this.#tracks.get(track.id) === track) return;
    throw new MartletError('trackNotFound', 'You publish no such track.');
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

async function limit(sender: RTCRtpSender, maxBitrate: number | undefined): Promise<void> {
  if (maxBitrate === undefined) return;
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings) encoding.maxBitrate = maxBitrate;
  await sender.setParameters(parameters);
}
