// A room as an application holds it: joining, publishing, others, data, events. It only routes.
// SPDX-License-Identifier: Apache-2.0
import { signalAddress } from './address';
import { AutoPublisher } from './AutoPublisher';
import { listDevices, mediaDevices } from './capture';
import type {
  CameraOptions,
  Device,
  DeviceKind,
  MicrophoneOptions,
  ScreenOptions,
} from './capture';
import type { CallInfo } from './callInfo';
import type { ChangeReason, ConnectionChange, ConnectionState, LostLink } from './connectionMoves';
import type { DataStream } from './DataStream';
import type { DataStreamOptions } from './DataStreams';
import { Emitter } from './Emitter';
import type { ListenerOptions } from './Emitter';
import { checkJoinOptions } from './joinOptions';
import type { DeviceSource, JoinOptions } from './joinOptions';
import type { LocalParticipant } from './LocalParticipant';
import type { LocalTrack, PublishState } from './LocalTrack';
import { MartletError } from './MartletError';
import { canCarryMetadata } from './MetadataChannel';
import { newMessageID } from './messageID';
import type {
  ParticipantChange,
  ParticipantRole,
  SelfUpdate,
  TrackSource,
  VideoQuality,
} from './messages';
import type { OutgoingMessage, SentMessage } from './outgoingMessage';
import type { MuteOptions, PublishOptions } from './publishOptions';
import type { RemoteParticipant } from './RemoteParticipant';
import type { EmitRoomEvent, RoomEvents } from './RoomEvents';
import { Session } from './Session';
import type { RoomStatistics } from './statistics';
import { audibleSources, choiceRequests, selectedSources } from './SubscriptionChoices';
import type { TrackSelection } from './SubscriptionChoices';
import { videoQualities } from './VideoChoices';

/** One room, joined or not. It may be joined again after it was left, until it is closed. A page
 * may have several: each stands for itself. */
export class Room {
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #emit: EmitRoomEvent = (name, event) => this.#emitter.emit(name, event);
  readonly #autoPublisher = new AutoPublisher();
  /** Devices chosen, also before anything was published. */
  readonly #devices = new Map<DeviceKind, string>();
  #session: Session | undefined;
  #isClosed = false;
  /** Why the last session ended; there is none now. */
  #lastReason: ChangeReason = 'notJoined';
  /** Called when the session under way is in, or over. */
  #arrivals: ((reason: ChangeReason, error: MartletError | undefined) => void)[] = [];
  #ends: (() => void)[] = [];

  /** Whether this browser can join with `pictureMetadata`. */
  static get supportsPictureMetadata(): boolean {
    return canCarryMetadata();
  }

  /** Listens for an event, now or before joining; the function returned, or a signal, ends that.
   * Throws `invalidState` once the room is closed. */
  on<Name extends keyof RoomEvents>(
    name: Name,
    listener: (event: RoomEvents[Name]) => void,
    options?: ListenerOptions,
  ): () => void {
    this.#checkOpen();
    return this.#emitter.on(name, listener, options);
  }

  // MARK: State

  /** Where the connection stands. */
  get connectionState(): ConnectionState {
    return this.#session?.machine.state ?? 'disconnected';
  }

  /** Why it stands there. */
  get connectionReason(): ChangeReason {
    return this.#session?.machine.reason ?? this.#lastReason;
  }

  /** Which link is broken; undefined unless `reconnecting`. */
  get lostLink(): LostLink | undefined {
    return this.#session?.machine.lostLink;
  }

  /** Which try to come back this is, from 1; 0 unless `reconnecting`. */
  get reconnectAttempt(): number {
    return this.#session?.machine.attempt ?? 0;
  }

  /** The room's name; undefined while not joined. */
  get name(): string | undefined {
    return this.#session?.joined?.room.name;
  }

  /** The call one is in; undefined while not joined. */
  get info(): CallInfo | undefined {
    const { joined, me, joinedAt } = this.#session ?? {};
    if (!joined || !me || !joinedAt) return undefined;
    const { room, resumeSeconds } = joined;
    return { ...room, participant: me.id, joinedAt, resumeSeconds };
  }

  /** Oneself; undefined while not joined. */
  get localParticipant(): LocalParticipant | undefined {
    return this.#session?.me;
  }

  /** Everybody else by id, in the order of joining. */
  get remoteParticipants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#session?.roster.participants ?? new Map();
  }

  /** The same as `remoteParticipants`. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.remoteParticipants;
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

  /** How far publishing a source is. */
  publishState(source: TrackSource): PublishState {
    return this.#session?.publisher.state(source) ?? 'idle';
  }

  /** How often this session negotiated; 1 after joining, and coming and going adds nothing. */
  get negotiationCount(): number {
    return this.#session?.negotiationCount ?? 0;
  }

  // MARK: Joining and leaving

  /**
   * Joins. Resolves when one is in the room; media flows some milliseconds later. Rejects with a
   * MartletError, after which the state is `disconnected` and joining is possible again: with
   * `invalidState` while one is in a room, with `invalidArgument` for options that cannot be meant;
   * these two change nothing.
   */
  async join(options: JoinOptions): Promise<void> {
    this.#checkOpen();
    if (this.#session) throw new MartletError('invalidState', 'Leave before you join again.');
    checkJoinOptions(options);
    const { signal } = options;
    if (signal?.aborted) throw aborted();
    const page = typeof location === 'undefined' ? undefined : location.href;
    const url = signalAddress(options.url ?? '/', page);
    const session = this.#makeSession(url, options);
    const abort = () => session.leave();
    signal?.addEventListener('abort', abort);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#arrivals.push((reason, error) => {
          if (reason === 'joined') resolve();
          else reject(error ?? aborted());
        });
        session.join();
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Leaves; never fails. Stops what the SDK opened: cameras, microphones, screens. */
  async leave(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    await new Promise<void>((resolve) => {
      this.#ends.push(resolve);
      session.leave();
    });
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Leaves, then takes all listeners off. From the call on every verb is refused with
   * `invalidState`, but for `leave` and `close`, which never fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.leave();
    this.#emitter.clear();
  }

  // MARK: Oneself

  /** Becomes one of those who publish, or of the audience; `roleChanged` follows. */
  async setRole(role: ParticipantRole): Promise<void> {
    await this.#withSession((session) => session.request({ type: 'setRole', role }));
  }

  /** Changes one's own name, texts and attributes, where the token grants it; what is left out
   * stays, and an attribute that is null is taken away. `localParticipantUpdated` follows. */
  async updateSelf(update: SelfUpdate): Promise<void> {
    await this.#withSession((session) => session.request({ type: 'updateSelf', ...update }));
  }

  /** Shows a new token before the present one ends (see `tokenWillExpire`). */
  renewToken(token: string): Promise<void> {
    return this.#withSession((session) => session.renewToken(token));
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

  /**
   * Whether microphone or camera are published: before joining it changes the default (the option
   * `publish`) of this and all later joins, in a room it publishes or unpublishes. One of the
   * audience publishes when it becomes a host.
   */
  async setPublishing(source: DeviceSource, isPublished: boolean): Promise<void> {
    this.#checkOpen();
    this.#autoPublisher.choose(source, isPublished);
    const session = this.#session;
    if (!session?.isAlive) return;
    const track = session.publisher.track(source);
    if (!isPublished) {
      if (track) await session.publisher.unpublish(track);
    } else if (!track && session.me?.role === 'host') {
      await this.#publishDevice(source);
    }
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

  /** Asks for somebody's tracks, present and future: of sources, of a kind, or of all. */
  subscribe(participant: string, selection?: TrackSelection): Promise<void> {
    return this.#choose(participant, true, selection);
  }

  /** Wants somebody's tracks no longer: of sources, of a kind, or of all. */
  unsubscribe(participant: string, selection?: TrackSelection): Promise<void> {
    return this.#choose(participant, false, selection);
  }

  /**
   * Asks for a smaller or larger picture of somebody's source, present and future: with `low` the
   * smallest, with `medium` the one in the middle, with `high` (as it is at first) the largest that
   * the publisher sends and the network carries.
   */
  async setQuality(
    participant: string,
    source: TrackSource,
    quality: VideoQuality,
  ): Promise<void> {
    if (!videoQualities.includes(quality)) {
      throw new MartletError('invalidArgument', 'A quality is low, medium or high.');
    }
    await this.#withSession((session) => session.setQuality(participant, source, quality));
  }

  /** Sends somebody out, and keeps it out for a while if told so. Needs the grant `admin`, and in
   * a broadcast the role host. */
  async removeParticipant(id: string, options: { banSeconds?: number } = {}): Promise<void> {
    const { banSeconds } = options;
    await this.#withSession((session) =>
      session.request({
        type: 'removeParticipant',
        participant: id,
        ...(banSeconds !== undefined && { banSeconds }),
      }),
    );
  }

  /** Changes somebody's name, texts, role or grants. Needs the same rights. */
  async changeParticipant(id: string, change: ParticipantChange): Promise<void> {
    await this.#withSession((session) =>
      session.request({ type: 'changeParticipant', participant: id, ...change }),
    );
  }

  /** Whether the browser refuses to play sound until `startAudio`. */
  get isAudioBlocked(): boolean {
    return this.#session?.audio.isBlocked ?? false;
  }

  /** Plays sound that was blocked. Call it in a handler of a click or key. */
  async startAudio(): Promise<void> {
    this.#checkOpen();
    await this.#session?.audio.start();
  }

  // MARK: Data

  /** Opens a data stream to everybody in the room; it stays open across breaks. */
  openDataStream(options: DataStreamOptions = {}): Promise<DataStream> {
    return this.#withSession((session) => session.streams.open(options));
  }

  /** Sends text to some or to everybody else. Rejects with `participantNotFound` where none of
   * them is here, and with `dataRateExceeded`, which says when to try again. */
  async sendMessage(message: OutgoingMessage): Promise<SentMessage> {
    const { to, content, id = newMessageID() } = message;
    const { unreachable = [] } = await this.#withSession((session) =>
      session.request({ type: 'sendMessage', message: id, ...(to && { to }), content }),
    );
    return { id, unreachable };
  }

  // MARK: Devices

  /** Cameras, microphones and loudspeakers; named only once the page may use them. */
  async listDevices(): Promise<Device[]> {
    this.#checkOpen();
    return listDevices();
  }

  /** The device chosen by `switchDevice`, or in use. */
  activeDevice(kind: DeviceKind): string | undefined {
    const track = this.#deviceTrack(kind);
    return track?.mediaStreamTrack.getSettings().deviceId ?? this.#devices.get(kind);
  }

  /** Changes the device: at once for what is published, else for what will be. */
  async switchDevice(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#checkOpen();
    const track = this.#deviceTrack(kind);
    if (kind === 'audiooutput') await this.#session?.audio.setSink(deviceId);
    else if (track) await this.#session?.publisher.switchDevice(track, deviceId);
    this.#devices.set(kind, deviceId);
  }

  // MARK: Figures

  /** Bitrates, loss and round trip since this was last asked; undefined while not joined. */
  async stats(): Promise<RoomStatistics | undefined> {
    this.#checkOpen();
    return this.#session?.me && this.#session.stats();
  }

  // MARK: Inside

  /** Who closes the page has left; the others need not wait until that is noticed. */
  readonly #pageHide = () => void this.leave();
  readonly #deviceChange = () => this.#emit('devicesChanged', {});

  #makeSession(url: string, options: JoinOptions): Session {
    const session: Session = new Session(url, options, {
      emit: this.#emit,
      changed: (change, error) => this.#changed(session, change, error),
      trying: () => {
        const { attempt, lostLink } = session.machine;
        this.#emit('reconnectAttempt', { attempt, lostLink: lostLink ?? 'signal' });
      },
      mayPublish: () => {
        const publish = (source: DeviceSource) => this.#publishDevice(source);
        void this.#autoPublisher.run(session, options.publish ?? [], publish, this.#emit);
      },
    });
    const sink = this.#devices.get('audiooutput');
    if (sink) void session.audio.setSink(sink);
    this.#session = session;
    return session;
  }

  #changed(session: Session, change: ConnectionChange, error: MartletError | undefined): void {
    const { to, reason } = change;
    if (reason === 'joined') {
      mediaDevices()?.addEventListener('devicechange', this.#deviceChange);
      if (typeof window !== 'undefined') window.addEventListener('pagehide', this.#pageHide);
    }
    if (to === 'disconnected') {
      this.#session = undefined;
      this.#lastReason = reason;
      mediaDevices()?.removeEventListener('devicechange', this.#deviceChange);
      if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.#pageHide);
    }
    const { attempt, lostLink } = session.machine;
    this.#emit('connectionStateChanged', {
      ...change,
      ...(to === 'reconnecting' && { attempt, lostLink: lostLink ?? 'signal' }),
      ...(error && { error }),
    });
    if (to === 'connected' || to === 'disconnected') {
      for (const arrival of this.#arrivals.splice(0)) arrival(reason, error);
    }
    if (to === 'disconnected') for (const end of this.#ends.splice(0)) end();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new MartletError('invalidState', 'The room is closed.');
  }

  async #withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#checkOpen();
    if (!this.#session?.isAlive) throw new MartletError('invalidState', 'Join a room first.');
    return work(this.#session);
  }

  async #choose(id: string, wanted: boolean, selection?: TrackSelection): Promise<void> {
    const selected = selectedSources(selection);
    await this.#withSession(async (session) => {
      const isLimited = wanted && !session.carriesVideo;
      const sources = isLimited ? audibleSources(selected) : selected;
      const requests = choiceRequests(id, wanted, sources);
      await Promise.all(requests.map((request) => session.request(request)));
      session.roster.choose(id, wanted, sources);
    });
  }

  async #publishDevice(source: DeviceSource): Promise<void> {
    if (source === 'microphone') await this.publishMicrophone();
    else await this.publishCamera();
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

function aborted(): MartletError {
  return new MartletError('aborted', 'Joining was given up.');
}
