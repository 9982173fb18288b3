// A track of somebody else: what it is, whether it can be seen now, and where it is shown.
// SPDX-License-Identifier: Apache-2.0
import { frameWaitMillisecondsMax, whenFrameReached } from './frameGate';
import { MediaView } from './MediaView';
import type { TrackInfo, TrackKind, TrackQuality, TrackSource, VideoQuality } from './messages';
import { canWatchViews, ViewWatch } from './ViewWatch';
import type { ViewSize } from './VideoChoices';

/**
 * How far a subscription is. `idle`: the track is not published (any more). `subscribing`: it is
 * wanted, and has no slot or does not flow there yet. `subscribed`: it flows.
 */
export type SubscribeState = 'idle' | 'unsubscribed' | 'subscribing' | 'subscribed';

/** What a track needs of the room around it. @internal */
export interface TrackSurroundings {
  /** Whether less is to be received where less can be seen. */
  readonly isAdaptive: boolean;
  /** Asks for a quality. */
  setQuality(track: RemoteTrack, quality: VideoQuality): Promise<void>;
  /** The quality asked for. */
  quality(track: RemoteTrack): VideoQuality;
  /** The track is shown so large; undefined: that is not known. */
  setView(track: RemoteTrack, view: ViewSize | undefined): void;
}

/** A track that another participant publishes. */
export class RemoteTrack {
  /** The track's id, unique in the room. */
  readonly id: string;
  /** What it shows. */
  readonly source: TrackSource;
  /** Whether it is heard or seen. */
  readonly kind: TrackKind;
  /** The id of the participant it belongs to. */
  readonly participantID: string;

  readonly #view = new MediaView();
  readonly #surroundings: TrackSurroundings | undefined;
  #viewWatch: ViewWatch | undefined;
  #isMuted: boolean;
  #media: MediaStreamTrack | null = null;
  #isFlowing = false;
  /** From which frame on the picture is this track's; `undefined` while that is unknown. */
  #startsAt: number | undefined;
  #isRevealed = false;
  #stopWaiting: (() => void)[] = [];
  #subscribeState: SubscribeState = 'idle';
  #receivedQuality: TrackQuality = 'full';

  /** Whether the application was told `trackSubscribed` of this subscription. @internal */
  isSubscriptionTold = false;

  /** @internal */
  constructor(participantID: string, info: TrackInfo, surroundings?: TrackSurroundings) {
    this.#surroundings = surroundings;
    this.participantID = participantID;
    this.id = info.id;
    this.source = info.source;
    this.kind = info.kind;
    this.#isMuted = info.muted;
    if (this.kind === 'video' && surroundings?.isAdaptive && canWatchViews()) {
      this.#viewWatch = new ViewWatch((view) => surroundings.setView(this, view));
    }
  }

  /** Whether its participant has silenced it. */
  get isMuted(): boolean {
    return this.#isMuted;
  }

  /**
   * How much of its picture one is sent: `full` is all that was asked for, `reduced` less, because
   * one's network carries no more, `paused` nothing, because it carries sound alone.
   */
  get receivedQuality(): TrackQuality {
    return this.#receivedQuality;
  }

  /** How far one's subscription of it is. */
  get subscribeState(): SubscribeState {
    return this.#subscribeState;
  }

  /**
   * The browser's track that carries it now; null while it has no slot. It changes with the slot
   * and may then carry somebody else: prefer `attach`, which follows. Who has asked for it gets the
   * whole picture from then on, however small the elements are that show it too.
   */
  get mediaStreamTrack(): MediaStreamTrack | null {
    this.#viewWatch?.clear();
    this.#viewWatch = undefined;
    return this.#media;
  }

  /** The same for the SDK's own use. @internal */
  get media(): MediaStreamTrack | null {
    return this.#media;
  }

  /** Shows it in an element from now on, whenever there is something to show. Sound is played by
   * the SDK itself and needs no element. */
  attach(element: HTMLMediaElement): void {
    this.#view.add(element);
    this.#viewWatch?.add(element);
    if (this.#media && !this.#isRevealed) this.#watch(element);
  }

  /** Takes it off an element, or off all of them, and blanks those. */
  detach(element?: HTMLMediaElement): void {
    if (element) {
      this.#view.remove(element);
      this.#viewWatch?.remove(element);
    } else {
      this.#view.clear();
      this.#viewWatch?.clear();
    }
  }

  /**
   * Asks for a smaller or larger picture, where its publisher sends several. It holds for later
   * tracks of this source too, as `Room.setQuality` does.
   */
  async setQuality(quality: VideoQuality): Promise<void> {
    await this.#surroundings?.setQuality(this, quality);
  }

  /** The quality asked for. */
  get quality(): VideoQuality {
    return this.#surroundings?.quality(this) ?? 'high';
  }

  /** The elements it is attached to. */
  get attachedElements(): readonly HTMLMediaElement[] {
    return this.#view.elements;
  }

  /** Whether its slot carries it by now. @internal */
  get isFlowing(): boolean {
    return this.#isFlowing;
  }

  /** @internal */
  setSubscribeState(state: SubscribeState): void {
    this.#subscribeState = state;
  }

  /** @internal */
  setReceivedQuality(quality: TrackQuality): void {
    this.#receivedQuality = quality;
  }

  /** @internal */
  setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  /**
   * A slot carries it. One that is not fresh may still hold frames of whom it showed before, so
   * the picture is covered until `start` has said which frame is the first.
   * @internal
   */
  assign(media: MediaStreamTrack, isFresh: boolean): void {
    this.release();
    this.#media = media;
    this.#isRevealed = isFresh || this.kind === 'audio';
    this.#view.show(media, !this.#isRevealed);
  }

  /** From this RTP timestamp on the slot carries it. @internal */
  start(rtpTimestamp: number): void {
    if (!this.#media) return;
    this.#isFlowing = true;
    if (this.#isRevealed) return;
    this.#startsAt = rtpTimestamp;
    const timer = setTimeout(() => this.#reveal(), frameWaitMillisecondsMax);
    this.#stopWaiting.push(() => clearTimeout(timer));
    for (const element of this.#view.elements) this.#watch(element);
  }

  /** The slot was taken away: nothing of it is shown any more. @internal */
  release(): void {
    this.#stop();
    this.#media = null;
    this.#isFlowing = false;
    this.#startsAt = undefined;
    this.#isRevealed = false;
    // In another slot it begins with all again.
    this.#receivedQuality = 'full';
    this.#view.show(null);
  }

  #watch(element: HTMLMediaElement): void {
    if (this.#startsAt === undefined || !(element instanceof HTMLVideoElement)) return;
    const reveal = () => this.#reveal();
    this.#stopWaiting.push(whenFrameReached(element as FrameElement, this.#startsAt, reveal));
  }

  #reveal(): void {
    this.#stop();
    this.#isRevealed = true;
    this.#view.reveal();
  }

  #stop(): void {
    for (const stop of this.#stopWaiting) stop();
    this.#stopWaiting = [];
  }
}

// The DOM library calls `rtpTimestamp` optional in a way that exact optional types refuse.
type FrameElement = HTMLVideoElement & Parameters<typeof whenFrameReached>[0];
