// One stay in a room, over its breaks: obeys the state machine and routes what the server tells.
// SPDX-License-Identifier: Apache-2.0
import { AudioOutput } from './AudioOutput';
import type { ClientRequest } from './clientMessages';
import type { ConnectionChange } from './connectionMoves';
import { DataStreams } from './DataStreams';
import { EventRouter } from './EventRouter';
import { IncidentWatch } from './IncidentWatch';
import { autoSubscribeOf, joinRequest, rejoinOptions, timingOf } from './joinOptions';
import type { JoinOptions } from './joinOptions';
import { LocalParticipant } from './LocalParticipant';
import { LocalPublisher } from './LocalPublisher';
import type { MachineAction, MachineInput } from './machineInputs';
import { asMartletError, MartletError } from './MartletError';
import { MediaConnection } from './MediaConnection';
import { MediaWatch } from './MediaWatch';
import type { ParticipantRole, RelayInfo, TrackSource, VideoQuality } from './messages';
import { MetadataChannel } from './MetadataChannel';
import { Negotiator } from './Negotiator';
import { NetworkWatch } from './NetworkWatch';
import { mediaSnapshot } from './qualityIncidents';
import { QualityReporter } from './QualityReporter';
import { RelayFallback } from './RelayFallback';
import { RemoteRoster } from './RemoteRoster';
import type { EmitRoomEvent } from './RoomEvents';
import type { JoinedReply, ReplyTo, RoomEvent } from './serverMessages';
import { packDescription, unpackDescription } from './sessionDescription';
import { codeOf, errorOfChange } from './sessionErrors';
import { SessionMachine } from './SessionMachine';
import { SignalLink } from './SignalLink';
import { StatisticsSummary } from './statistics';
import type { Report, RoomStatistics } from './statistics';

/** What a session tells the room that it is of. */
export interface SessionListener {
  readonly emit: EmitRoomEvent;
  /** The connection moved. After a move to `disconnected` the session is over for good. */
  changed(change: ConnectionChange, error: MartletError | undefined): void;
  /** It tries to come back. */
  trying(): void;
  /** One may publish: after joining as a host, and after becoming one. */
  mayPublish(): void;
}

/** Everything that lives from joining to the end; made to join, thrown away then. */
export class Session {
  readonly audio = new AudioOutput();
  readonly roster: RemoteRoster;
  readonly publisher: LocalPublisher;
  readonly streams: DataStreams;
  readonly machine: SessionMachine;

  readonly #url: string;
  readonly #listener: SessionListener;
  readonly #link: SignalLink;
  readonly #router: EventRouter;
  readonly #statistics = new StatisticsSummary();
  readonly #qualityStatistics = new StatisticsSummary();
  readonly #incidents = new IncidentWatch();
  #options: JoinOptions;
  #media: MediaConnection;
  readonly #metadata: MetadataChannel | undefined;
  readonly #fallback = new RelayFallback();
  #negotiator: Negotiator;
  /** The offer of a peer connection that has not joined yet. */
  #offer: Promise<string> | undefined;
  /** Grows with each entry; what belongs to an older one counts no more. */
  #entry = 0;
  #joined: JoinedReply | undefined;
  /** The relays that the server told last. */
  #relays: readonly RelayInfo[] = [];
  #joinedAt = new Date();
  #me: LocalParticipant | undefined;
  /** What came before the application could be told; undefined once it is told at once. */
  #early: RoomEvent[] | undefined;
  #inputs: MachineInput[] = [];
  #isDriving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #error: MartletError | undefined;
  #watch: MediaWatch | undefined;
  #network: NetworkWatch | undefined;
  #quality: QualityReporter | undefined;
  readonly #warned = new Set<TrackSource>();

  /** Throws `unsupportedBrowser` where there is no WebRTC, and `invalidArgument`. */
  constructor(url: string, options: JoinOptions, listener: SessionListener) {
    this.#url = url;
    this.#options = options;
    this.#listener = listener;
    this.machine = new SessionMachine(Math.floor(Math.random() * 2 ** 32), timingOf(options));
    const { audio } = this;
    const { emit } = listener;
    audio.onBlockedChanged = (isBlocked) =>
      emit(isBlocked ? 'audioPlaybackBlocked' : 'audioPlaybackStarted', {});
    this.roster = new RemoteRoster(
      {
        emit,
        audio,
        slot: (mid) => this.#media.slot(mid),
        ask: (choice) => void this.request(choice).catch(() => {}),
        setQuality: (...choice) => this.setQuality(...choice),
      },
      autoSubscribeOf(options),
      options.adaptiveStream ?? true,
    );
    const request = async (message: ClientRequest) =>
      (await this.request(message)) as { track?: string; stream?: number };
    this.publisher = new LocalPublisher({
      emit,
      media: () => this.#media,
      isAlive: () => this.isAlive,
      request,
      negotiate: () => this.#negotiator.offer(),
    });
    this.streams = new DataStreams({
      request,
      lost: (error) => {
        const message = 'A data stream could not be opened again.';
        emit('warning', { code: 'dataStreamClosed', message, error });
      },
    });
    this.#router = new EventRouter({
      emit,
      roster: this.roster,
      publisher: this.publisher,
      me: () => this.#me,
      // What has slots goes on; the server asks again when it lacks more.
      grow: (pairs, audio) => this.#grow(this.#media.carriesVideo ? pairs : 0, audio),
      renewRelays: (relays) => void this.#renewRelays(relays).catch(() => {}),
      mayPublish: () => listener.mayPublish(),
    });
    this.#link = this.#makeLink();
    this.#metadata = this.#makeMetadata();
    [this.#media, this.#negotiator] = this.#makeMedia();
  }

  // MARK: What there is

  /** Asks for a quality of somebody's source. */
  async setQuality(id: string, source: TrackSource, quality: VideoQuality): Promise<void> {
    await this.request(this.roster.chooseQuality(id, source, quality));
  }

  /** What the server said to the last `join`. */
  get joined(): JoinedReply | undefined {
    return this.#joined;
  }

  /** When this stay began. */
  get joinedAt(): Date {
    return this.#joinedAt;
  }

  /** Oneself; undefined before one was in. */
  get me(): LocalParticipant | undefined {
    return this.#me;
  }

  /** Whether pictures are sent and received. */
  get carriesVideo(): boolean {
    return this.#media.carriesVideo;
  }

  /** How often descriptions were exchanged with the peer connection there is now. */
  get negotiationCount(): number {
    return this.#media.negotiationCount;
  }

  /** The figures since the last time. */
  async stats(): Promise<RoomStatistics> {
    const figures = this.#statistics.update(await this.#reports());
    const streams = figures.streams.map((stream) => {
      const source = stream.direction === 'down' ? this.roster.source(stream.mid ?? '') : null;
      return source ? { ...stream, ...source } : stream;
    });
    return { ...figures, streams };
  }

  /** Whether one is in the room, be it with broken links. */
  get isAlive(): boolean {
    return this.machine.state === 'connected' || this.machine.state === 'reconnecting';
  }

  // MARK: Verbs

  /** Begins to join: one round trip, which carries the offer there and the answer back. */
  join(): void {
    this.#tell({ type: 'join' });
  }

  /** Leaves, or gives up joining. */
  leave(): void {
    this.#tell({ type: 'leave' });
  }

  /** Sends a request now or when the link is back, and waits for its answer. */
  request<Request extends ClientRequest>(request: Request): Promise<ReplyTo<Request>> {
    return this.#link.request(request);
  }

  /** Shows a new token, which is also that of a later join. */
  async renewToken(token: string): Promise<void> {
    try {
      await this.request({ type: 'renewToken', token });
    } catch (error) {
      // It may have arrived; and the next session is joined with it in any case.
      if (!asMartletError(error).is('linkLost')) throw error;
    }
    this.#options = { ...this.#options, token };
  }

  // MARK: Driving the state machine

  #tell(input: MachineInput): void {
    this.#inputs.push(input);
    // What an action leads to is looked at when all actions before are done.
    if (this.#isDriving) return;
    this.#isDriving = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) {
        for (const action of this.machine.handle(next, performance.now())) this.#obey(action);
      }
    } finally {
      this.#isDriving = false;
    }
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const deadline = this.machine.nextDeadline;
    if (deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => this.#tell({ type: 'advance' }), wait);
  }

  #obey(action: MachineAction): void {
    switch (action.type) {
      case 'changed':
        this.#changed(action.change);
        break;
      case 'openSocket':
        if (this.machine.state === 'reconnecting') this.#listener.trying();
        this.#link.open(this.#url);
        break;
      case 'closeSocket':
        this.#entry += 1;
        this.#link.close();
        break;
      case 'sendJoin':
        this.#sendJoin();
        break;
      case 'sendResume':
        this.#link.resume();
        break;
      case 'sendLeave':
        this.#link.leave(() => this.#tell({ type: 'leaveConfirmed' }));
        break;
      case 'sendPing':
        this.#link.ping();
        break;
      case 'restartMedia':
        if (this.machine.state === 'reconnecting') this.#listener.trying();
        this.#watch?.demand();
        void this.#negotiator.restart();
        break;
      case 'endMedia':
        this.#media.close();
        break;
    }
  }

  #changed(change: ConnectionChange): void {
    const { to, reason } = change;
    const isWanted = to === 'connected' || reason === 'left';
    const error = isWanted ? undefined : errorOfChange(reason, this.#error);
    if (to === 'connected') {
      this.#error = undefined;
      // What was measured while nothing could be told was not told.
      this.#quality?.forget();
    }
    if (to === 'reconnecting') this.#incidents.pause();
    if (to === 'disconnected') this.#close(error);
    this.#listener.changed(change, error);
  }

  /** The end: nothing of the session stays behind. */
  #close(error: MartletError | undefined): void {
    this.#link.end(error ?? new MartletError('linkLost', 'The room was left.'));
    this.#fallback.close();
    this.#watch?.close();
    this.#network?.close();
    this.#quality?.close();
    this.streams.close(error ?? new MartletError('linkLost', 'The room was left.'));
    this.publisher.close();
    this.roster.close();
    this.audio.close();
    this.#media.close();
    this.#metadata?.close();
  }

  // MARK: Entering

  #makeLink(): SignalLink {
    return new SignalLink({
      opened: () => this.#tell({ type: 'socketOpened' }),
      closed: (error) => {
        this.#error = error;
        this.#tell({ type: 'socketClosed' });
      },
      heard: () => this.#tell({ type: 'heard' }),
      joined: (reply) => void this.#enter(reply),
      resumed: () => this.#tell({ type: 'resumed' }),
      refused: (entry, error) => {
        this.#error = error;
        const type = entry === 'join' ? 'joinRefused' : 'resumeRefused';
        this.#tell({ type, code: error.code });
      },
      told: (event) => {
        if (this.#early) this.#early.push(event);
        else this.#router.handle(event);
      },
      disconnected: ({ reason, message, rejoin = false }) => {
        this.#error = new MartletError(codeOf(reason), message);
        this.#tell({ type: 'disconnected', reason, rejoin });
      },
    });
  }

  #makeMedia(relays: readonly RelayInfo[] = []): [MediaConnection, Negotiator] {
    const media = new MediaConnection(this.#options, relays, this.#metadata);
    media.onPathChanged = () => void this.#watch?.look();
    media.onFailed = () => {
      if (this.#media === media) this.#tell({ type: 'mediaFailed' });
    };
    const negotiator = new Negotiator(media, {
      request: (request) => this.request(request),
      restartRefused: () => this.#tell({ type: 'restartRefused' }),
      accepted: () => this.#warn(),
    });
    // Published tracks get their sections before the offer: joining again is one round trip too.
    this.publisher.bind(media);
    this.#offer = this.#makeOffer(media);
    // Looked at when the socket is open.
    this.#offer.catch(() => {});
    return [media, negotiator];
  }

  #makeMetadata(): MetadataChannel | undefined {
    const { pictureMetadata: setup } = this.#options;
    if (!setup) return undefined;
    const channel = new MetadataChannel(setup === true ? {} : setup);
    channel.onReceived = ({ mid }, received) => {
      if (mid !== null && this.isAlive) this.roster.receiveMetadata(mid, received);
    };
    return channel;
  }

  async #makeOffer(media: MediaConnection): Promise<string> {
    const offer = await media.offer();
    // Until its worker runs no picture would pass.
    await this.#metadata?.ready;
    return offer;
  }

  #sendJoin(): void {
    const entry = (this.#entry += 1);
    this.#link.forgetSession();
    this.streams.interrupt();
    if (!this.#offer || this.#media.isClosed) this.#replaceMedia();
    const { me } = this;
    const options = me ? rejoinOptions(this.#options, me) : this.#options;
    const work = async () => {
      const offer = await packDescription((await this.#offer) ?? '');
      if (entry === this.#entry) this.#link.join(joinRequest(options, offer));
    };
    work().catch((error) => this.#refuse(entry, error));
  }

  /** A new session has a peer connection of its own: the server knows nothing of the former one. */
  #replaceMedia(): void {
    this.#media.close();
    this.#metadata?.forgetSections();
    this.#fallback.close();
    this.roster.blank();
    this.audio.clear();
    // Who needed relays begins with them.
    const relays = this.#media.relays.areTried ? this.#relays : undefined;
    [this.#media, this.#negotiator] = this.#makeMedia(relays);
    this.#watch?.demand();
  }

  /** An allocation on a relay is bound to the credentials that it was made with: media that needs one moves to another,
   * by an ICE restart, before they end. The next restart tries the new ones in any case. */
  async #renewRelays(relays: readonly RelayInfo[]): Promise<void> {
    this.#relays = relays;
    const media = this.#media;
    media.relays.name(relays);
    if (!media.relays.areTried) return;
    const isNeeded = !media.isConnected || (await media.isRelayed());
    // Meanwhile they may have been tried, or the peer connection be another one.
    if (isNeeded && media.relays.hasUntried && !media.isClosed && media === this.#media) {
      await this.#negotiator.restart();
    }
  }

  async #enter(reply: JoinedReply): Promise<void> {
    const entry = this.#entry;
    this.#early = [];
    this.#offer = undefined;
    try {
      await this.#media.accept(await unpackDescription(reply.answer));
    } catch (error) {
      this.#refuse(entry, error);
      return;
    }
    if (entry === this.#entry) this.#begin(reply);
  }

  /** What this side cannot do ends the entry as a refusal would. */
  #refuse(entry: number, error: unknown): void {
    if (entry !== this.#entry) return;
    this.#error = asMartletError(error);
    this.#tell({ type: 'joinRefused', code: this.#error.code });
  }

  #begin(reply: JoinedReply): void {
    const isFirst = !this.#me;
    const tracks = () => this.publisher.tracks;
    const me = this.#me ?? new LocalParticipant(reply.participant, reply.grants, tracks);
    const roleBefore = me.role;
    this.#joined = reply;
    this.#me = me;
    me.update(reply.participant);
    me.setGrants(reply.grants);
    if (isFirst) {
      this.#joinedAt = new Date();
      for (const info of reply.participants) this.roster.add(info);
    }
    this.#tell({ type: 'joined', canResume: reply.resumeSeconds !== undefined });
    // An application that heard of it may have left already.
    if (!this.isAlive) return;
    this.#link.begin();
    this.#startWatching();
    this.#relays = reply.iceServers ?? [];
    this.#media.relays.name(this.#relays);
    this.#fallback.begin(this.#media, () => void this.#negotiator.restart());
    this.roster.allow(reply.grants?.subscribe ?? true);
    if (isFirst) this.roster.begin();
    else this.roster.restart(reply.participants);
    this.roster.assign(reply.slots);
    if (!isFirst && me.role !== roleBefore) this.#listener.emit('roleChanged', { role: me.role });
    this.#restore(me.role, isFirst);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) if (this.isAlive) this.#router.handle(event);
    this.#warn();
  }

  /** Tells a new session what the former one knew. */
  #restore(role: ParticipantRole, isFirst: boolean): void {
    if (isFirst) {
      if (role !== 'host') this.publisher.suspend().catch(() => {});
    } else {
      for (const choice of this.roster.choiceRequests()) this.request(choice).catch(() => {});
      this.publisher.republish(role === 'host').catch(() => {});
      void this.streams.reopen();
    }
    if (role === 'host') this.#listener.mayPublish();
  }

  #startWatching(): void {
    if (this.#watch) return;
    this.#watch = new MediaWatch({
      reports: () => this.#reports(),
      isConnected: () => this.#media.isConnected,
      heard: () => this.#tell({ type: 'mediaHeard' }),
    });
    this.#network = new NetworkWatch(() => {
      // What came over the former network does not show that the path lives.
      this.#watch?.demand();
      this.#tell({ type: 'networkChanged' });
    });
    this.#quality = new QualityReporter({
      stats: async () => {
        const reports = await this.#reports();
        this.#lookForIncidents(reports);
        return this.#qualityStatistics.update(reports);
      },
      isBroken: () => this.#media.isBroken,
      changed: (up, down) => {
        this.#me?.setQuality(up, down);
        this.#link.notify({ type: 'reportQuality', up, down });
      },
    });
  }

  #lookForIncidents(reports: readonly Report[]): void {
    this.publisher.fitSizes().catch(() => {});
    // Over broken links nothing flows, and that is told as such.
    if (this.machine.state !== 'connected' || this.#media.isBroken) {
      this.#incidents.pause();
      return;
    }
    const flows = [...this.publisher.flows, ...this.roster.flows];
    const incidents = this.#incidents.look(mediaSnapshot(reports, flows, performance.now()));
    for (const incident of incidents) {
      if (this.isAlive) this.#listener.emit('qualityIncident', incident);
    }
  }

  #grow(pairs: number, audio: number): void {
    if (pairs === 0 && audio === 0) return;
    this.#negotiator.offer((media) => media.addSlots(pairs, audio)).catch(() => {});
  }

  async #reports(): Promise<Report[]> {
    const reports: Report[] = [];
    (await this.#media.getStats()).forEach((report: Report) => reports.push(report));
    return reports;
  }

  /** A section that the answer refused: what it is for cannot be published with these codecs. */
  #warn(): void {
    for (const source of this.#media.refusedSources) {
      if (this.#warned.has(source)) continue;
      this.#warned.add(source);
      const message = `Browser and server share no codec for the ${source}.`;
      this.#listener.emit('warning', { code: 'codecMismatch', message, source });
    }
  }
}
