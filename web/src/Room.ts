// A room as an application holds it: joining, publishing, others, events. It only routes.
// SPDX-License-Identifier: Apache-2.0
import { signalAddress } from './address';
import { listDevices, mediaDevices } from './capture';
import type {
  CameraOptions,
  Device,
  DeviceKind,
  MicrophoneOptions,
  ScreenOptions,
} from './capture';
import { ConnectionStateMachine } from './ConnectionStateMachine';
import type { ChangeReason, ConnectionState, LostLink } from './ConnectionStateMachine';
import { Emitter } from './Emitter';
import type { ListenerOptions } from './Emitter';
import { joinFailure, sessionEnd } from './failureReasons';
import type { MuteOptions, PublishOptions } from './LocalPublisher';
import type { LocalTrack } from './LocalTrack';
import { asMartletError, MartletError } from './MartletError';
import type { MediaOptions } from './MediaConnection';
import type { TrackSource } from './messages';
import type { RemoteParticipant } from './RemoteParticipant';
import type { RoomEvents } from './RoomEvents';
import { Session } from './Session';
import type { RoomStatistics } from './statistics';

/** How a room is joined. */
export interface JoinOptions extends MediaOptions {
  /** The server: `https://host` or `wss://host`; on a page of the server itself `location.href`'s
   * origin is taken. */
  url?: string;
  /** The room's name. */
  room: string;
  /** The access token from your own backend; servers in `--dev` need none. */
  token?: string;
  /** The id wished for; with a token it must be the token's. */
  participant?: string;
  /** The name shown to people. */
  name?: string;
  /** Free text for the others. */
  metadata?: string;
  /** Whether the tracks of others are received as they come; else `subscribe` asks for them. */
  autoSubscribe?: boolean;
  /** How long joining may take; 10 s unless given. */
  timeoutMilliseconds?: number;
  /** Gives up joining when it aborts. */
  signal?: AbortSignal;
}

/** Oneself in a room. */
export interface LocalParticipant {
  readonly id: string;
  readonly name: string;
}

/** One room, joined or not. It may be joined again after it was left. */
export class Room {
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #machine = new ConnectionStateMachine();
  /** Devices chosen, also before anything was published. */
  readonly #devices = new Map<DeviceKind, string>();
  #session: Session | undefined;
  #attempt: AbortController | undefined;
  #joining: Promise<void> | undefined;

  /** Listens for an event; the function returned, or a signal, ends that. */
  on<Name extends keyof RoomEvents>(
    name: Name,
    listener: (event: RoomEvents[Name]) => void,
    options?: ListenerOptions,
  ): () => void {
    return this.#emitter.on(name, listener, options);
  }

  // MARK: State

  /** Where the connection stands. */
  get connectionState(): ConnectionState {
    return this.#machine.state;
  }

  /** Why it stands there. */
  get connectionReason(): ChangeReason {
    return this.#machine.reason;
  }

  /** The room's name; undefined while not joined. */
  get name(): string | undefined {
    return this.#session?.joined?.room.name;
  }

  /** Oneself; undefined while not joined. */
  get localParticipant(): LocalParticipant | undefined {
    const me = this.#session?.joined?.participant;
    return me && { id: me.id, name: me.name ?? me.id };
  }

  /** Everybody else by id, in the order of joining. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#session?.roster.participants ?? new Map();
  }

  /** Who speaks now, the loudest first. */
  get activeSpeakers(): readonly RemoteParticipant[] {
    return this.#session?.roster.activeSpeakers ?? [];
  }

  /** One's own published tracks by id. */
  get localTracks(): ReadonlyMap<string, LocalTrack> {
    return this.#session?.publisher.tracks ?? new Map();
  }

  /** One's own track of a source. */
  localTrack(source: TrackSource): LocalTrack | undefined {
    return this.#session?.publisher.track(source);
  }

  /** How often this session negotiated; 1 after joining, and coming and going adds nothing. */
  get negotiationCount(): number {
    return this.#session?.media.negotiationCount ?? 0;
  }

  // MARK: Joining and leaving

  /**
   * Joins. Resolves when one is in the room; media flows some milliseconds later. Rejects with a
   * MartletError, after which the state is `disconnected` and joining is possible again.
   */
  async join(options: JoinOptions): Promise<void> {
    this.#move('connecting', 'joinRequested');
    this.#joining = this.#join(options);
    await this.#joining;
  }

  async #join(options: JoinOptions): Promise<void> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    this.#attempt = attempt;
    options.signal?.addEventListener('abort', abort);
    if (options.signal?.aborted) attempt.abort();
    let session: Session | undefined;
    try {
      const page = typeof location === 'undefined' ? undefined : location.href;
      const url = signalAddress(options.url ?? '/', page);
      session = this.#makeSession(options);
      this.#session = session;
      await session.join(url, options, attempt.signal);
      mediaDevices()?.addEventListener('devicechange', this.#deviceChange);
      if (typeof window !== 'undefined') window.addEventListener('pagehide', this.#pageHide);
      this.#move('connected', 'joined');
      session.begin();
    } catch (error) {
      this.#close(session);
      const reason = asMartletError(error);
      // `leave` was called meanwhile and waits for this.
      if (this.#machine.state === 'leaving') this.#move('disconnected', 'left', reason);
      else if (this.#machine.state === 'connecting') this.#moveAfterFailure(reason);
      throw reason;
    } finally {
      options.signal?.removeEventListener('abort', abort);
      if (this.#attempt === attempt) this.#attempt = undefined;
    }
  }

  /** Leaves; never fails. Stops what the SDK opened: cameras, microphones, screens. */
  async leave(): Promise<void> {
    const session = this.#session;
    switch (this.#machine.state) {
      case 'connecting':
        this.#move('leaving', 'left');
        this.#attempt?.abort();
        await this.#joining?.catch(() => {});
        return;
      case 'connected':
      case 'reconnecting':
        this.#move('leaving', 'left');
        await session?.leave();
        this.#close(session);
        this.#move('disconnected', 'left');
        return;
      case 'disconnected':
      case 'leaving':
    }
  }

  // MARK: Publishing

  /** Opens the microphone and publishes it. */
  publishMicrophone(options: MicrophoneOptions & PublishOptions = {}): Promise<LocalTrack> {
    return this.#withSession((session) =>
      session.publisher.publishMicrophone({ ...this.#chosen('audioinput'), ...options }),
    );
  }

  /** Opens the camera and publishes it. */
  publishCamera(options: CameraOptions & PublishOptions = {}): Promise<LocalTrack> {
    return this.#withSession((session) =>
      session.publisher.publishCamera({ ...this.#chosen('videoinput'), ...options }),
    );
  }

  /** Lets the user choose a screen and publishes it, and its sound where asked for and given. */
  publishScreen(options: ScreenOptions & PublishOptions = {}): Promise<LocalTrack[]> {
    return this.#withSession((session) => session.publisher.publishScreen(options));
  }

  /** Publishes any track. It stays the application's: the SDK never stops it. */
  publishTrack(
    track: MediaStreamTrack,
    source: TrackSource,
    options: PublishOptions = {},
  ): Promise<LocalTrack> {
    return this.#withSession((session) => session.publisher.publish(track, source, options));
  }

  /** Takes a track back; what the SDK opened is closed. */
  unpublish(track: LocalTrack): Promise<void> {
    return this.#withSession((session) => session.publisher.unpublish(track));
  }

  /** Silences a track: nothing of it leaves this machine until `unmute`. */
  mute(track: LocalTrack, options: MuteOptions = {}): Promise<void> {
    return this.#withSession((session) => session.publisher.mute(track, options));
  }

  /** Lets a track be heard or seen again. */
  unmute(track: LocalTrack): Promise<void> {
    return this.#withSession((session) => session.publisher.unmute(track));
  }

  // MARK: Others

  /** Asks for somebody's tracks, present and future: of one source, or of all. */
  async subscribe(participant: string, source?: TrackSource): Promise<void> {
    await this.#withSession((session) =>
      session.request({ type: 'subscribe', participant, ...(source && { source }) }),
    );
  }

  /** Wants somebody's tracks no longer: of one source, or of all. */
  async unsubscribe(participant: string, source?: TrackSource): Promise<void> {
    await this.#withSession((session) =>
      session.request({ type: 'unsubscribe', participant, ...(source && { source }) }),
    );
  }

  /** Whether the browser refuses to play sound until `startAudio`. */
  get isAudioBlocked(): boolean {
    return this.#session?.audio.isBlocked ?? false;
  }

  /** Plays sound that was blocked. Call it in a handler of a click or key. */
  async startAudio(): Promise<void> {
    await this.#session?.audio.start();
  }

  // MARK: Devices

  /** Cameras, microphones and loudspeakers; named only once the page may use them. */
  listDevices(): Promise<Device[]> {
    return listDevices();
  }

  /** The device chosen by `switchDevice`, or in use. */
  activeDevice(kind: DeviceKind): string | undefined {
    const track = this.#deviceTrack(kind);
    return track?.mediaStreamTrack.getSettings().deviceId ?? this.#devices.get(kind);
  }

  /** Changes the device: at once for what is published, else for what will be. */
  async switchDevice(kind: DeviceKind, deviceId: string): Promise<void> {
    const track = this.#deviceTrack(kind);
    if (kind === 'audiooutput') await this.#session?.audio.setSink(deviceId);
    else if (track) await this.#session?.publisher.switchDevice(track, deviceId);
    this.#devices.set(kind, deviceId);
  }

  // MARK: Figures

  /** Bitrates, loss and round trip since this was last asked; undefined while not joined. */
  async stats(): Promise<RoomStatistics | undefined> {
    return this.#session?.stats();
  }

  // MARK: Inside

  /** Who closes the page has left; the others need not wait until that is noticed. */
  readonly #pageHide = () => void this.leave();
  readonly #deviceChange = () => this.#emitter.emit('devicesChanged', {});

  #makeSession(options: MediaOptions): Session {
    const session = new Session(options, (name, event) => {
      if (this.#session === session) this.#emitter.emit(name, event);
    });
    session.onEnded = (reason, error) => this.#ended(session, sessionEnd(reason), error);
    session.onLost = (lost, error) => this.#lost(session, lost, error);
    const sink = this.#devices.get('audiooutput');
    if (sink) void session.audio.setSink(sink);
    return session;
  }

  /** The link or the media broke. The one place where taking a session up again will begin. */
  #lost(session: Session, lost: LostLink, error: MartletError): void {
    this.#ended(session, lost, error);
  }

  #ended(session: Session, reason: ChangeReason, error: MartletError): void {
    if (this.#session !== session || this.#machine.state !== 'connected') return;
    this.#close(session);
    this.#move('disconnected', reason, error);
  }

  #close(session: Session | undefined): void {
    session?.close();
    if (this.#session !== session) return;
    this.#session = undefined;
    mediaDevices()?.removeEventListener('devicechange', this.#deviceChange);
    if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.#pageHide);
  }

  #moveAfterFailure(error: MartletError): void {
    // The caller who gave up asked for it; to everybody else joining failed.
    if (error.is('aborted')) {
      this.#move('leaving', 'left');
      this.#move('disconnected', 'left', error);
    } else {
      this.#move('disconnected', joinFailure(error), error);
    }
  }

  #move(to: ConnectionState, reason: ChangeReason, error?: MartletError): void {
    const change = this.#machine.move(to, reason);
    this.#emitter.emit('connectionStateChanged', { ...change, ...(error && { error }) });
  }

  #withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (!this.#session || this.#machine.state !== 'connected') {
      return Promise.reject(new MartletError('invalidState', 'Join a room first.'));
    }
    return work(this.#session);
  }

  #deviceTrack(kind: DeviceKind): LocalTrack | undefined {
    if (kind === 'audiooutput') return undefined;
    const track = this.localTrack(kind === 'audioinput' ? 'microphone' : 'camera');
    return track?.reopen && track;
  }

  #chosen(kind: DeviceKind): { deviceId?: string } {
    const deviceId = this.#devices.get(kind);
    return deviceId ? { deviceId } : {};
  }
}

