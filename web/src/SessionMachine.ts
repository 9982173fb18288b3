// The state machine of a client's connection: what it does when links break, and when it gives up.
// SPDX-License-Identifier: Apache-2.0
import { isLegalMove } from './connectionMoves';
import type { ChangeReason, ConnectionState, LostLink } from './connectionMoves';
import {
  isPassing,
  joinFailure,
  sessionEndOfCode,
  sessionEndOfReason,
} from './connectionOutcome';
import { earliest, isDue, isMediaLost, mediaDeadline, signalDeadline } from './linkStates';
import type { Media, Signal } from './linkStates';
import type { MachineAction, MachineInput } from './machineInputs';
import { MartletError } from './MartletError';
import type { LeaveReason } from './messages';
import {
  JitterSource,
  latenessMilliseconds,
  pauseBefore,
  usualTiming,
  windowRange,
} from './sessionTiming';
import type { SessionTiming } from './sessionTiming';

/**
 * Decides, from what happens and from the time, where a connection stands and what is to be done.
 *
 * A port of `Sources/ClientSession/Machine`; both replay docs/vectors/session.json. It knows
 * neither sockets nor messages' contents. Times are milliseconds of any clock that does not jump.
 * Hand in `advance` at `nextDeadline`.
 */
export class SessionMachine {
  readonly #timing: SessionTiming;
  readonly #jitter: JitterSource;

  #state: ConnectionState = 'disconnected';
  #reason: ChangeReason = 'notJoined';
  #attempt = 0;
  #lostSince: number | undefined;
  #signal: Signal = { type: 'up' };
  #media: Media = { type: 'none' };
  /** Whether the server knows a session that can be taken up again. */
  #hasSession = false;
  #signalHeardAt = 0;
  #nextPing: number | undefined;
  #leavesAt: number | undefined;
  #actions: MachineAction[] = [];

  /** A machine that is `disconnected`. Throws `invalidArgument` for a window out of its range. */
  constructor(jitterSeed: number, timing: Partial<SessionTiming> = {}) {
    this.#timing = { ...usualTiming, ...timing };
    const { window } = this.#timing;
    if (!(window >= windowRange.min && window <= windowRange.max)) {
      throw new MartletError('invalidArgument', 'The window for coming back is 30 to 50 s.');
    }
    this.#jitter = new JitterSource(jitterSeed);
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it stands there. */
  get reason(): ChangeReason {
    return this.#reason;
  }

  /** Which try to come back this is, from 1; 0 unless `reconnecting`. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Which link is lost; undefined unless `reconnecting`. */
  get lostLink(): LostLink | undefined {
    if (this.#state !== 'reconnecting') return undefined;
    if (this.#signal.type === 'up') return 'media';
    return isMediaLost(this.#media) ? 'both' : 'signal';
  }

  /** When `advance` has something to do; undefined: nothing is waited for. */
  get nextDeadline(): number | undefined {
    const silence = [this.#nextPing, this.#signalSilence];
    switch (this.#state) {
      case 'disconnected':
        return undefined;
      case 'leaving':
        return this.#leavesAt;
      case 'connecting':
        return signalDeadline(this.#signal);
      case 'connected':
        return earliest([...silence, mediaDeadline(this.#media, this.#timing)]);
      case 'reconnecting':
        return earliest([
          signalDeadline(this.#signal),
          ...(this.#signal.type === 'up' ? silence : []),
          this.#windowEnd,
          mediaDeadline(this.#media, this.#timing),
        ]);
    }
  }

  /**
   * Takes in what happened and says what to do, in this order. Throws `invalidState` for `join` in
   * a state other than `disconnected`; then nothing has changed.
   */
  handle(input: MachineInput, now: number): MachineAction[] {
    if (input.type === 'join' && this.#state !== 'disconnected') {
      throw new MartletError('invalidState', 'Leave before you join again.');
    }
    this.#forgiveSleep(now);
    this.#receive(input, now);
    this.#serveDeadlines(now);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  // MARK: Inputs

  #receive(input: MachineInput, now: number): void {
    switch (input.type) {
      case 'join':
        this.#signal = { type: 'opening', until: now + this.#timing.joinTimeout };
        this.#move('connecting', 'joinRequested');
        this.#act('openSocket');
        break;
      case 'leave':
        this.#leave(now);
        break;
      case 'socketOpened':
        this.#socketOpened(now);
        break;
      case 'socketClosed':
        this.#socketClosed(now);
        break;
      case 'heard':
        if (['resuming', 'joining', 'up'].includes(this.#signal.type)) this.#signalHeardAt = now;
        break;
      case 'joined':
        this.#joined(input.canResume, now);
        break;
      case 'joinRefused':
        this.#joinRefused(input.code, now);
        break;
      case 'resumed':
        if (this.#signal.type !== 'resuming') break;
        this.#signalUp(now);
        if (isMediaLost(this.#media)) this.#restartMedia(now);
        else this.#arrive('resumed');
        break;
      case 'resumeRefused':
        this.#resumeRefused(input.code, now);
        break;
      case 'disconnected':
        this.#disconnected(input.reason, input.rejoin, now);
        break;
      case 'leaveConfirmed':
        if (this.#state === 'leaving') this.#end('left');
        break;
      case 'mediaHeard':
        this.#mediaHeard(now);
        break;
      case 'restartRefused':
      case 'mediaFailed':
        this.#loseSession(now);
        break;
      case 'networkChanged':
        this.#networkChanged(now);
        break;
      case 'advance':
    }
  }

  #leave(now: number): void {
    if (this.#state === 'disconnected' || this.#state === 'leaving') return;
    const canSay = this.#state !== 'connecting' && this.#signal.type === 'up';
    this.#move('leaving', 'left');
    if (canSay) {
      this.#leavesAt = now + this.#timing.leaveTimeout;
      this.#act('sendLeave');
    } else {
      this.#end('left');
    }
  }

  #socketOpened(now: number): void {
    if (this.#signal.type !== 'opening') return;
    const { until } = this.#signal;
    this.#signalHeardAt = now;
    if (this.#state === 'connecting') {
      this.#signal = { type: 'joining', until };
      this.#act('sendJoin');
    } else if (this.#hasSession) {
      this.#signal = { type: 'resuming', until };
      this.#act('sendResume');
    } else {
      this.#joinAnew(now);
    }
  }

  #socketClosed(now: number): void {
    switch (this.#state) {
      case 'disconnected':
        break;
      case 'connecting':
        this.#end('linkFailed');
        break;
      case 'leaving':
        this.#end('left');
        break;
      case 'connected':
        this.#loseSignal('signalLost', now);
        break;
      case 'reconnecting':
        if (this.#signal.type === 'up') this.#loseSignal('signalLost', now);
        else if (this.#signal.type !== 'waiting') this.#failAttempt(now);
        break;
    }
  }

  #joined(canResume: boolean, now: number): void {
    if (this.#signal.type !== 'joining') return;
    this.#hasSession = canResume;
    this.#media = this.#timing.watchesMedia
      ? { type: 'connecting', until: now + this.#timing.mediaConnectTimeout }
      : { type: 'none' };
    this.#signalUp(now);
    this.#arrive(this.#state === 'connecting' ? 'joined' : 'restarted');
  }

  #joinRefused(code: number, now: number): void {
    if (this.#signal.type !== 'joining') return;
    const end = sessionEndOfCode(code);
    if (this.#state === 'connecting') this.#end(joinFailure(code));
    else if (end) this.#end(end);
    else this.#failAttempt(now);
  }

  #resumeRefused(code: number, now: number): void {
    if (this.#signal.type !== 'resuming') return;
    const end = sessionEndOfCode(code);
    if (isPassing(code)) this.#failAttempt(now);
    else if (end) this.#end(end);
    else this.#joinAnew(now);
  }

  #disconnected(reason: LeaveReason, rejoin: boolean, now: number): void {
    const end = sessionEndOfReason(reason);
    switch (this.#state) {
      case 'disconnected':
        break;
      case 'leaving':
        this.#end('left');
        break;
      case 'connecting':
        if (end === 'kicked') this.#end('permissionDenied');
        else if (end === 'roomClosed') this.#end('roomNotFound');
        else if (end === 'duplicateIdentity' || end === 'tokenExpired') this.#end(end);
        else this.#end('serverUnavailable');
        break;
      case 'connected':
      case 'reconnecting':
        if (!rejoin && end) {
          this.#end(end);
        } else {
          this.#hasSession = false;
          this.#loseSignal(reason === 'serverShutdown' ? 'serverMoved' : 'signalLost', now);
        }
        break;
    }
  }

  #networkChanged(now: number): void {
    if (this.#state === 'connected') {
      if (this.#media.type !== 'none') this.#media = { type: 'lost' };
      this.#loseSignal('networkChanged', now);
    } else if (this.#state === 'reconnecting' && this.#signal.type !== 'up') {
      if (this.#media.type !== 'none') this.#media = { type: 'lost' };
      this.#act('closeSocket');
      this.#beginAttempt(now);
    }
  }

  #mediaHeard(now: number): void {
    if (this.#state !== 'connected' && this.#state !== 'reconnecting') return;
    if (this.#media.type === 'none') return;
    this.#media = { type: 'heard', at: now };
    if (this.#state === 'reconnecting' && this.#signal.type === 'up') this.#arrive('resumed');
  }

  // MARK: Losing

  /** The signalling link is gone: tries at once to come back. */
  #loseSignal(reason: ChangeReason, now: number): void {
    // A restart over the link that is gone will not be answered.
    if (this.#media.type === 'restarting') this.#media = { type: 'lost' };
    this.#nextPing = undefined;
    this.#beginReconnecting(reason, now);
    this.#act('closeSocket');
    this.#beginAttempt(now);
  }

  /** The session's media cannot be mended: only a new session has another. */
  #loseSession(now: number): void {
    if (this.#state !== 'connected' && this.#state !== 'reconnecting') return;
    if (this.#media.type === 'none') return;
    this.#hasSession = false;
    this.#media = { type: 'lost' };
    if (this.#signal.type !== 'up' && this.#signal.type !== 'resuming') return;
    this.#nextPing = undefined;
    this.#beginReconnecting('mediaLost', now);
    // The server lets one session in over one socket.
    this.#act('closeSocket');
    this.#beginAttempt(now);
  }

  #loseMedia(now: number): void {
    if (this.#signal.type !== 'up') {
      this.#media = { type: 'lost' };
      return;
    }
    this.#beginReconnecting('mediaLost', now);
    this.#restartMedia(now);
  }

  #beginReconnecting(reason: ChangeReason, now: number): void {
    if (this.#state !== 'connected') return;
    this.#lostSince = now;
    this.#attempt = 1;
    this.#move('reconnecting', reason);
  }

  // MARK: Coming back

  #beginAttempt(now: number): void {
    this.#signal = { type: 'opening', until: now + this.#timing.attemptTimeout };
    this.#act('openSocket');
  }

  /** The try has failed: the next one comes after a pause. */
  #failAttempt(now: number): void {
    this.#act('closeSocket');
    this.#attempt += 1;
    const pause = this.#jitter.lengthen(pauseBefore(this.#attempt));
    this.#signal = { type: 'waiting', until: now + pause };
  }

  /** The session cannot be taken up again: joins over the socket there is, with new media. */
  #joinAnew(now: number): void {
    this.#hasSession = false;
    this.#nextPing = undefined;
    if (this.#media.type !== 'none') this.#act('endMedia');
    this.#media = { type: 'none' };
    this.#signal = { type: 'joining', until: now + this.#timing.attemptTimeout };
    this.#act('sendJoin');
  }

  #restartMedia(now: number): void {
    this.#media = { type: 'restarting', until: now + this.#timing.attemptTimeout };
    this.#act('restartMedia');
  }

  #signalUp(now: number): void {
    this.#signal = { type: 'up' };
    this.#signalHeardAt = now;
    this.#nextPing = now + this.#timing.pingInterval;
  }

  /** Both links are there, as far as is known. */
  #arrive(reason: ChangeReason): void {
    this.#lostSince = undefined;
    this.#attempt = 0;
    this.#move('connected', reason);
  }

  /** The end, for now; the application is told last, when nothing of the session is left. */
  #end(reason: ChangeReason): void {
    this.#act('closeSocket');
    this.#act('endMedia');
    this.#signal = { type: 'up' };
    this.#media = { type: 'none' };
    this.#hasSession = false;
    this.#nextPing = undefined;
    this.#leavesAt = undefined;
    this.#lostSince = undefined;
    this.#attempt = 0;
    this.#move('disconnected', reason);
  }

  // MARK: Time

  /** A machine that slept was told nothing, so silence meanwhile is none of the links'. */
  #forgiveSleep(now: number): void {
    const due = this.nextDeadline;
    if (this.#state !== 'connected' || due === undefined) return;
    const slept = now - due;
    if (slept <= latenessMilliseconds) return;
    this.#signalHeardAt += slept;
    const media = this.#media;
    if (media.type === 'heard') this.#media = { type: 'heard', at: media.at + slept };
    if (media.type === 'connecting') {
      this.#media = { type: 'connecting', until: media.until + slept };
    }
  }

  /** Does what is due. */
  #serveDeadlines(now: number): void {
    switch (this.#state) {
      case 'disconnected':
        break;
      case 'leaving':
        if (isDue(this.#leavesAt, now)) this.#end('left');
        break;
      case 'connecting':
        if (isDue(signalDeadline(this.#signal), now)) this.#end('joinTimedOut');
        break;
      case 'connected':
      case 'reconnecting':
        if (isDue(this.#windowEnd, now)) {
          this.#end('reconnectTimedOut');
          break;
        }
        this.#serveSignal(now);
        this.#serveMedia(now);
        break;
    }
  }

  #serveSignal(now: number): void {
    switch (this.#signal.type) {
      case 'waiting':
        if (this.#signal.until <= now) this.#beginAttempt(now);
        break;
      case 'opening':
      case 'resuming':
      case 'joining':
        if (this.#signal.until <= now) this.#failAttempt(now);
        break;
      case 'up':
        if (this.#signalSilence <= now) {
          this.#loseSignal('signalLost', now);
        } else if (isDue(this.#nextPing, now)) {
          this.#nextPing = now + this.#timing.pingInterval;
          this.#act('sendPing');
        }
        break;
    }
  }

  #serveMedia(now: number): void {
    if (!isDue(mediaDeadline(this.#media, this.#timing), now)) return;
    if (this.#media.type === 'restarting') {
      this.#attempt += 1;
      this.#restartMedia(now);
    } else {
      this.#loseMedia(now);
    }
  }

  get #windowEnd(): number | undefined {
    return this.#lostSince === undefined ? undefined : this.#lostSince + this.#timing.window;
  }

  get #signalSilence(): number {
    return this.#signalHeardAt + this.#timing.signalTimeout;
  }

  // MARK: Telling

  #act(type: Exclude<MachineAction['type'], 'changed'>): void {
    this.#actions.push({ type });
  }

  /** Every move goes through here, and is one of the table's. */
  #move(to: ConnectionState, reason: ChangeReason): void {
    const change = { from: this.#state, to, reason };
    if (!isLegalMove(change)) throw new Error(`${change.from}>${to}:${reason} is no move.`);
    this.#state = to;
    this.#reason = reason;
    this.#actions.push({ type: 'changed', change });
  }
}
