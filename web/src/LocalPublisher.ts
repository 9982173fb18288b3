// Publishing one's own tracks: sections, muting, switching devices, roles and new sessions.
// SPDX-License-Identifier: Apache-2.0
import { captureCamera, captureMicrophone, captureScreen } from './capture';
import type { CameraOptions, MicrophoneOptions, ScreenOptions } from './capture';
import type { ClientRequest } from './clientMessages';
import { LocalTrack } from './LocalTrack';
import type { PublishState, Reopen } from './LocalTrack';
import { asMartletError, MartletError } from './MartletError';
import type { MediaConnection } from './MediaConnection';
import type { TrackKind, TrackSource } from './messages';
import type { MetadataOptions } from './metadataMessage';
import type { MuteOptions, PublishOptions } from './publishOptions';
import { PublishStates } from './PublishStates';
import type { MediaFlow } from './qualityIncidents';
import type { EmitRoomEvent, TrackEndReason, UnpublishReason } from './RoomEvents';
import { sendOver } from './sendOver';
import type { SpatialLayers } from './spatialLayers';
import { activate, captureSize, shape } from './videoEncodings';

/** What the publisher needs of the session around it. */
export interface PublisherSurroundings {
  readonly emit: EmitRoomEvent;
  /** The peer connection there is now; a new session has another one. */
  media(): MediaConnection;
  /** Whether the session goes on, so that what failed with `linkLost` is done anew. */
  isAlive(): boolean;
  /** Sends a request; answers the track's id where the reply has one. */
  request(request: ClientRequest): Promise<{ track?: string }>;
  /** Offers the sections anew. */
  negotiate(): Promise<void>;
}

/** Keeps one's own tracks. One publisher lives as long as one stay in a room, over its breaks. */
export class LocalPublisher {
  readonly #tracks = new Set<LocalTrack>();
  readonly #surroundings: PublisherSurroundings;
  readonly #states: PublishStates;
  /** One of the audience: nothing is sent, and what was published is kept. */
  #isSuspended = false;
  /** Publishing and muting happen one after the other: each ends before the next looks. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(surroundings: PublisherSurroundings) {
    this.#surroundings = surroundings;
    this.#states = new PublishStates(surroundings.emit);
  }

  /** One's own tracks by id, in the order of publishing. */
  get tracks(): ReadonlyMap<string, LocalTrack> {
    return new Map([...this.#tracks].map((track) => [track.id, track]));
  }

  /** One's own track of a source. */
  track(source: TrackSource): LocalTrack | undefined {
    for (const track of this.#tracks) if (track.source === source) return track;
    return undefined;
  }

  /** How far publishing a source is. */
  state(source: TrackSource): PublishState {
    return this.#states.of(source);
  }

  /** What is to leave this machine now. */
  get flows(): MediaFlow[] {
    const flows: MediaFlow[] = [];
    for (const track of this.#tracks) {
      const { source, kind, section, mediaStreamTrack, isMuted, isAnnounced, layersWanted } = track;
      const isSent = isAnnounced && !isMuted && section.sender.track === mediaStreamTrack;
      // What nobody receives is not sent, and nothing is amiss.
      if (layersWanted?.length === 0) continue;
      if (isSent && section.mid !== null) {
        flows.push({ direction: 'up', mid: section.mid, kind, source, participant: undefined });
      }
    }
    return flows;
  }

  // MARK: Publishing

  async publishMicrophone(options: MicrophoneOptions & PublishOptions): Promise<LocalTrack> {
    const reopen: Reopen = (deviceId) =>
      captureMicrophone({ ...options, ...(deviceId && { deviceId }) });
    return this.#publishCaptured(await reopen(), 'microphone', options, reopen);
  }

  async publishCamera(options: CameraOptions & PublishOptions): Promise<LocalTrack> {
    this.#checkKind('video');
    const reopen: Reopen = (deviceId) =>
      captureCamera({ ...options, ...(deviceId && { deviceId }) });
    return this.#publishCaptured(await reopen(), 'camera', options, reopen);
  }

  async publishScreen(options: ScreenOptions & PublishOptions): Promise<LocalTrack[]> {
    this.#checkKind('video');
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
  unpublish(track: LocalTrack, reason: UnpublishReason = 'requested'): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#tracks.has(track)) return;
      this.#remove(track, reason);
      await sendOver(track.section, null);
      if (track.isAnnounced) await this.#tell({ type: 'unpublish', track: track.id });
    });
  }

  // MARK: Muting and devices

  /** Silences a track: nothing of it leaves this machine any more. */
  mute(track: LocalTrack, options: MuteOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      this.#check(track);
      if (track.isMuted) return;
      track.mediaStreamTrack.enabled = false;
      track.setMuted(true);
      await this.#send(track);
      if (options.releaseDevice && track.reopen && track.source !== 'screen') {
        track.mediaStreamTrack.onended = null;
        track.mediaStreamTrack.stop();
      }
      this.#surroundings.emit('localTrackMuted', { track, muted: true });
      await this.#tellMuted(track);
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
      await this.#send(track);
      this.#surroundings.emit('localTrackMuted', { track, muted: false });
      await this.#tellMuted(track);
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
      await this.#send(track);
    });
  }

  // MARK: The server's word

  /** One is of the audience: nothing is sent any more, and everything kept. */
  suspend(): Promise<void> {
    this.#isSuspended = true;
    return this.#inTurn(async () => {
      for (const track of this.#tracks) {
        await sendOver(track.section, null);
        this.#states.moveTrack(track, 'unpublished');
      }
    });
  }

  /** One is a host (again): sends what was published before. */
  restore(): Promise<void> {
    this.#isSuspended = false;
    return this.#inTurn(() => this.#announceAll());
  }

  /** The server takes one of one's tracks from the room. */
  revoke(id: string): void {
    const track = this.#announced(id);
    if (!track) return;
    this.#remove(track, 'notPermitted');
    void sendOver(track.section, null);
  }

  /** The server says which sizes of a track somebody receives, and what of them somebody can use: more need not be
   * encoded. */
  sendLayers(
    id: string,
    layers: readonly string[],
    maxBitrates?: Readonly<Record<string, number>>,
    spatial?: SpatialLayers,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const track = this.#announced(id);
      if (track?.kind !== 'video') return;
      track.layersWanted = layers;
      track.usefulBitrates = maxBitrates;
      track.spatialLayers = spatial;
      const { section, shapedFor: capture, usefulBitrates, spatialLayers, source } = track;
      const keepsSize = source === 'screen';
      const useful = { usefulBitrates, spatialLayers, keepsSize };
      await activate(section.sender, { capture, layers, ...useful });
    });
  }

  /** Looks whether captures are of another size by now: a device may say its size late, and change
   * it when it is turned. */
  async fitSizes(): Promise<void> {
    const changed = [...this.#tracks].filter((track) => {
      const size = track.kind === 'video' && captureSize(track.mediaStreamTrack);
      const known = track.shapedFor;
      return size && (size.width !== known?.width || size.height !== known.height);
    });
    if (changed.length === 0) return;
    await this.#inTurn(async () => {
      for (const track of changed) if (track.isAnnounced) await this.#shape(track);
    });
  }

  /** A new session has begun, with a peer connection of its own: publishes everything anew. */
  republish(isHost: boolean): Promise<void> {
    this.#isSuspended = !isHost;
    return this.#inTurn(() => this.#announceAll());
  }

  /** Gives every track a section of a peer connection that has made no offer yet. */
  bind(media: MediaConnection): void {
    for (const track of this.#tracks) {
      const { source, kind } = track;
      const known = source === 'custom' ? undefined : media.sendingSection(source, kind);
      track.bind(known ?? media.addCustomSection(kind));
      if (!this.#isSuspended) this.#states.moveTrack(track, 'publishing');
    }
  }

  /** The stay is over: stops what the SDK opened. */
  close(): void {
    for (const track of this.#tracks) this.#forget(track);
    this.#tracks.clear();
  }

  // MARK: Inside

  /** Sends bytes with a track's pictures. */
  readonly sendMetadata = async (
    track: LocalTrack,
    data: Uint8Array,
    options: MetadataOptions,
  ): Promise<void> => {
    this.#check(track);
    await this.#surroundings.media().sendMetadata(track.section, data, options);
  };

  /** The track that the server of the present session knows by an id. */
  #announced(id: string): LocalTrack | undefined {
    return [...this.#tracks].find((one) => one.id === id && one.isAnnounced);
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
    if (source !== 'custom' && this.track(source)) {
      throw new MartletError('sourceAlreadyPublished', `You publish a ${source} already.`);
    }
    this.#checkKind(media.kind as TrackKind);
    const muted = options.muted ?? false;
    media.enabled = !muted;
    this.#states.move(source, media, 'publishing');
    let track: LocalTrack;
    try {
      track = await this.#begin(media, source, options, reopen);
    } catch (error) {
      this.#states.move(source, media, 'unpublished');
      throw error;
    }
    this.#tracks.add(track);
    this.#watchEnd(track);
    this.#surroundings.emit('localTrackPublished', { track });
    this.#states.moveTrack(track, 'published');
    return track;
  }

  async #begin(
    media: MediaStreamTrack,
    source: TrackSource,
    options: PublishOptions,
    reopen: Reopen | undefined,
  ): Promise<LocalTrack> {
    const { maxBitrate, muted = false } = options;
    for (;;) {
      const connection = this.#surroundings.media();
      const section = await this.#section(source, media.kind as TrackKind);
      const { sendMetadata } = this;
      const track = new LocalTrack({
        id: '', source, media, section, reopen, maxBitrate, sendMetadata,
      });
      track.setMuted(muted);
      try {
        await this.#announce(track);
        return track;
      } catch (error) {
        await sendOver(section, null);
        // The session was restarted meanwhile: once more, on the peer connection of the new one.
        const isNew = this.#surroundings.isAlive() && this.#surroundings.media() !== connection;
        if (!isNew || !asMartletError(error).is('linkLost')) throw error;
      }
    }
  }

  async #section(source: TrackSource, kind: TrackKind): Promise<RTCRtpTransceiver> {
    const media = this.#surroundings.media();
    const section = media.sendingSection(source, kind);
    if (section) return section;
    const added = media.addCustomSection(kind);
    await this.#surroundings.negotiate();
    return added;
  }

  /** Puts a track on its section and says so. */
  async #announce(track: LocalTrack): Promise<void> {
    const { source, kind, section, isMuted: muted } = track;
    if (section.receiver.track.kind !== kind) {
      throw new MartletError('sourceKindMismatch', `A ${source} cannot be of kind ${kind}.`);
    }
    if (section.currentDirection === 'inactive' || section.mid === null) {
      throw new MartletError('noCommonCodec', 'Browser and server share no codec for that track.');
    }
    // The section may have carried a track that nobody received.
    track.layersWanted = undefined;
    track.usefulBitrates = undefined;
    track.spatialLayers = undefined;
    await this.#shape(track);
    await this.#send(track);
    const publish = { type: 'publish', source, mid: section.mid } as const;
    const reply = await this.#surroundings.request(muted ? { ...publish, muted } : publish);
    if (reply.track === undefined) {
      throw new MartletError('malformedMessage', 'The server gave the track no id.');
    }
    track.announced(reply.track);
  }

  /** Chooses the sizes and rates of a track after those of its capture. */
  async #shape(track: LocalTrack): Promise<void> {
    const { layersWanted: layers, maxBitrate, section, kind, source } = track;
    const { usefulBitrates, spatialLayers } = track;
    const useful = { usefulBitrates, spatialLayers, keepsSize: source === 'screen' };
    const capture = kind === 'video' ? captureSize(track.mediaStreamTrack) : undefined;
    track.shapedFor = capture;
    await shape(section.sender, { capture, layers, maxBitrate, ...useful });
  }

  /** Sends what is published; announces what the server of this session does not know yet. */
  async #announceAll(): Promise<void> {
    for (const track of [...this.#tracks]) {
      if (this.#isSuspended) return;
      this.#states.moveTrack(track, 'publishing');
      try {
        if (track.isAnnounced) await this.#send(track);
        else await this.#announce(track);
        this.#states.moveTrack(track, 'published');
      } catch (error) {
        // The next session publishes it, and a host's right may come back.
        if (asMartletError(error).is('linkLost')) return;
        if (this.#tracks.has(track)) this.#fail(track, asMartletError(error));
      }
    }
  }

  #fail(track: LocalTrack, error: MartletError): void {
    const { source } = track;
    const message = `The ${source} could not be published again.`;
    this.#remove(track, 'failed');
    this.#surroundings.emit('warning', { code: 'publishFailed', message, source, error });
  }

  /** What of a track is to leave this machine now does, and nothing else. */
  #send(track: LocalTrack): Promise<void> {
    // A video sender would go on sending black frames; a sound sender sends next to nothing.
    const isSilent = track.isMuted && track.kind === 'video';
    return sendOver(track.section, this.#isSuspended || isSilent ? null : track.mediaStreamTrack);
  }

  async #tellMuted(track: LocalTrack): Promise<void> {
    const { id, isMuted: muted } = track;
    if (track.isAnnounced) await this.#tell({ type: 'mute', track: id, muted });
  }

  /** Says something that a new session would be told in any case. */
  async #tell(request: ClientRequest): Promise<void> {
    try {
      await this.#surroundings.request(request);
    } catch (error) {
      if (!this.#surroundings.isAlive() || !asMartletError(error).is('linkLost')) throw error;
    }
  }

  #remove(track: LocalTrack, reason: UnpublishReason): void {
    this.#tracks.delete(track);
    this.#forget(track);
    this.#surroundings.emit('localTrackUnpublished', { track, reason });
    this.#states.moveTrack(track, 'unpublished');
    this.#states.forget(track);
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
    const { source, kind } = track;
    track.mediaStreamTrack.onended = () => {
      const reason = endReason(track);
      this.#surroundings.emit('localTrackEnded', { track, source, kind, reason });
      this.unpublish(track, 'ended').catch(() => {});
    };
  }

  #forget(track: LocalTrack): void {
    track.detach();
    track.mediaStreamTrack.onended = null;
    if (track.reopen) track.mediaStreamTrack.stop();
  }

  #check(track: LocalTrack): void {
    if (this.#tracks.has(track)) return;
    throw new MartletError('trackNotFound', 'You publish no such track.');
  }

  /** Refused before a device is opened: there is no section that could carry it. */
  #checkKind(kind: TrackKind): void {
    if (kind === 'audio' || this.#surroundings.media().carriesVideo) return;
    throw new MartletError('invalidState', 'You joined for sound alone: no picture is sent.');
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

function endReason(track: LocalTrack): TrackEndReason {
  if (track.source === 'screen' || track.source === 'screenAudio') return 'sharingStopped';
  return track.reopen ? 'deviceLost' : 'trackEnded';
}
