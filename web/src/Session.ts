// One stay in a room: the socket, the peer connection, and what hangs on them.
// SPDX-License-Identifier: Apache-2.0
import { AudioOutput } from './AudioOutput';
import type { LostLink } from './ConnectionStateMachine';
import { LocalPublisher } from './LocalPublisher';
import { MartletError } from './MartletError';
import { MediaConnection } from './MediaConnection';
import type { MediaOptions } from './MediaConnection';
import type { ClientRequest } from './clientMessages';
import type { LeaveReason } from './messages';
import { RemoteRoster } from './RemoteRoster';
import type { EmitRoomEvent } from './RoomEvents';
import type { JoinedReply, ReplyTo, ServerEvent } from './serverMessages';
import { packDescription, unpackDescription } from './sessionDescription';
import { requestTimeoutMilliseconds, SignalSocket } from './SignalSocket';
import { StatisticsSummary } from './statistics';
import type { Report, RoomStatistics } from './statistics';

/** What a session is joined with. */
export interface SessionJoinOptions {
  room: string;
  token?: string;
  participant?: string;
  name?: string;
  metadata?: string;
  autoSubscribe?: boolean;
  timeoutMilliseconds?: number;
}

/** How long `leave` waits for the server before it goes all the same. */
const leaveTimeoutMilliseconds = 1000;

/** Everything that lives as long as one session; made to join, thrown away at the end. */
export class Session {
  /** The server ended the session. */
  onEnded: (reason: LeaveReason, error: MartletError) => void = () => {};
  /** The link or the media broke. */
  onLost: (lost: LostLink, error: MartletError) => void = () => {};

  readonly media: MediaConnection;
  readonly audio = new AudioOutput();
  readonly roster: RemoteRoster;
  readonly publisher: LocalPublisher;

  readonly #statistics = new StatisticsSummary();
  #socket: SignalSocket | undefined;
  #joined: JoinedReply | undefined;
  /** What came before the application could be told; undefined once it is told at once. */
  #early: ServerEvent[] | undefined = [];
  #earlyLoss: (() => void) | undefined;
  #lastNegotiation: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: MediaOptions, emit: EmitRoomEvent) {
    const { audio } = this;
    this.media = new MediaConnection(options);
    this.media.onFailed = () => {
      const error = new MartletError('linkLost', 'Audio and video no longer reach the server.');
      this.#lose(() => this.onLost('mediaLost', error));
    };
    audio.onBlockedChanged = (isBlocked) =>
      emit(isBlocked ? 'audioPlaybackBlocked' : 'audioPlaybackStarted', {});
    this.roster = new RemoteRoster({ emit, audio, slot: (mid) => this.media.slot(mid) });
    this.publisher = new LocalPublisher({
      emit,
      media: this.media,
      request: async (request) => (await this.request(request)) as { track?: string },
      negotiate: () => this.#negotiate(() => {}),
    });
  }

  /** What the server said to `join`. */
  get joined(): JoinedReply | undefined {
    return this.#joined;
  }

  /** Joins: one round trip, which carries the offer there and the answer back. */
  async join(url: string, options: SessionJoinOptions, signal: AbortSignal): Promise<void> {
    const timeout = options.timeoutMilliseconds ?? requestTimeoutMilliseconds;
    const guard = new AbortController();
    let hasTimedOut = false;
    const timer = setTimeout(() => {
      hasTimedOut = true;
      guard.abort();
    }, timeout);
    const forward = () => guard.abort();
    signal.addEventListener('abort', forward);
    if (signal.aborted) guard.abort();
    try {
      await abortable(this.#join(url, options, guard.signal), guard.signal);
    } catch (error) {
      if (!hasTimedOut) throw error;
      throw new MartletError('joinTimedOut', 'The server did not let us in in time.');
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', forward);
    }
  }

  async #join(url: string, options: SessionJoinOptions, signal: AbortSignal): Promise<void> {
    const { room, token, participant, name, metadata, autoSubscribe = true } = options;
    const opening = SignalSocket.open(url, { signal });
    // If the offer fails first, nobody else waits for the socket.
    opening.then(
      (socket) => {
        if (this.#isClosed) socket.close();
      },
      () => {},
    );
    const [socket, sdp] = await Promise.all([opening, this.media.offer()]);
    this.#socket = socket;
    socket.onEvent = (event) => this.#receive(event);
    socket.onClosed = (error) => this.#lose(() => this.onLost('signalLost', error));
    const reply = await socket.request({
      type: 'join',
      room,
      ...(token !== undefined && { token }),
      ...(participant !== undefined && { participant }),
      ...(name !== undefined && { name }),
      ...(metadata !== undefined && { metadata }),
      offer: await packDescription(sdp),
      options: { autoSubscribe },
    });
    await this.media.accept(await unpackDescription(reply.answer));
    if (!socket.isOpen) throw new MartletError('linkLost', 'The connection broke while joining.');
    this.#joined = reply;
    for (const info of reply.participants) this.roster.add(info);
  }

  /** The application knows that it joined: tells it everything else from now on. */
  begin(): void {
    this.roster.assign(this.#joined?.slots ?? []);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) if (!this.#isClosed) this.#handle(event);
    this.#earlyLoss?.();
  }

  /** Sends a request and waits for its answer. */
  request<Request extends ClientRequest>(request: Request): Promise<ReplyTo<Request>> {
    const socket = this.#socket;
    if (!socket) return Promise.reject(new MartletError('invalidState', 'Join a room first.'));
    return socket.request(request);
  }

  /** Tells the server; resolves also when that fails, for one leaves in any case. */
  async leave(): Promise<void> {
    this.onEnded = () => {};
    this.onLost = () => {};
    await this.#socket?.request({ type: 'leave' }, leaveTimeoutMilliseconds).catch(() => {});
  }

  /** The figures since the last time. */
  async stats(): Promise<RoomStatistics> {
    const reports: Report[] = [];
    (await this.media.getStats()).forEach((report: Report) => reports.push(report));
    const figures = this.#statistics.update(reports);
    const streams = figures.streams.map((stream) => {
      const source = stream.direction === 'down' ? this.roster.source(stream.mid ?? '') : null;
      return source ? { ...stream, ...source } : stream;
    });
    return { ...figures, streams };
  }

  /** Ends everything at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onEnded = () => {};
    this.onLost = () => {};
    this.publisher.close();
    this.roster.close();
    this.audio.close();
    this.#socket?.close();
    this.media.close();
  }

  #receive(event: ServerEvent): void {
    if (this.#early) this.#early.push(event);
    else this.#handle(event);
  }

  #handle(event: ServerEvent): void {
    const { roster } = this;
    switch (event.type) {
      case 'participantJoined':
        roster.join(event.participant);
        break;
      case 'participantLeft':
        roster.leave(event.participant, event.reason);
        break;
      case 'trackPublished':
        roster.publish(event.participant, event.track);
        break;
      case 'trackUnpublished':
        roster.unpublish(event.participant, event.track);
        break;
      case 'trackMuted':
        roster.mute(event.participant, event.track, event.muted);
        break;
      case 'slots':
        roster.assign(event.assignments);
        break;
      case 'audioLevels':
        roster.hear(event.levels);
        break;
      case 'needSlots':
        this.#grow(event.video, event.audio);
        break;
      case 'disconnected':
        this.onEnded(event.reason, new MartletError('linkLost', event.message));
        break;
    }
  }

  #grow(pairs: number, audio: number): void {
    this.#negotiate(() => this.media.addSlots(pairs, audio)).catch(() => {
      // What has slots goes on; the server asks again when it lacks more.
    });
  }

  /** Offers anew, one negotiation after the other. */
  #negotiate(change: () => void): Promise<void> {
    const work = this.#lastNegotiation.then(async () => {
      if (this.#isClosed) return;
      change();
      const offer = await packDescription(await this.media.offer());
      try {
        const reply = await this.request({ type: 'offer', offer });
        await this.media.accept(await unpackDescription(reply.answer));
      } catch (error) {
        if (!this.#isClosed) await this.media.rollBack();
        throw error;
      }
    });
    this.#lastNegotiation = work.catch(() => {});
    return work;
  }

  /** While joining, the loss is kept: `join` itself fails, or the loss is told after it. */
  #lose(tell: () => void): void {
    if (this.#early) this.#earlyLoss = tell;
    else tell();
  }
}

/** Waits for work unless the signal aborts first. */
function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new MartletError('aborted', 'Joining was given up.'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
