// How much of whose pictures is wanted: what the application chose, and what the views need.
// SPDX-License-Identifier: Apache-2.0
import type { ClientRequest } from './clientMessages';
import type { TrackSource, VideoQuality } from './messages';

/** The pixels in which a track is shown; none of them: it is not looked at now. */
export interface ViewSize {
  readonly width: number;
  readonly height: number;
}

/** A request that states how much of a picture is wanted. */
export type QualityRequest = Extract<ClientRequest, { type: 'setQuality' }>;

/** Every quality. */
export const videoQualities: readonly VideoQuality[] = ['low', 'medium', 'high'];

/** The most pixels on a side that a server takes. */
const sideMax = 16_384;

/** The choices of one stay in a room; they hold for tracks published later too. */
export class VideoChoices {
  readonly #chosen = new Map<string, Map<TrackSource, Choice>>();

  /** The quality that the application chose. */
  quality(participant: string, source: TrackSource): VideoQuality {
    return this.#chosen.get(participant)?.get(source)?.quality ?? 'high';
  }

  /** Whether nothing of a source is received because it cannot be seen. */
  isHidden(participant: string, source: TrackSource): boolean {
    const view = this.#chosen.get(participant)?.get(source)?.view;
    return view !== undefined && (view.width <= 0 || view.height <= 0);
  }

  /** Takes over a quality that the application chose. */
  setQuality(participant: string, source: TrackSource, quality: VideoQuality): void {
    this.#change(participant, source, { quality });
  }

  /** Takes over in which view a track is shown; undefined: that is not known. Gives the request to
   * make, if something has changed. */
  setView(
    participant: string,
    source: TrackSource,
    view: ViewSize | undefined,
  ): QualityRequest | undefined {
    const before = this.request(participant, source);
    this.#change(participant, source, { view });
    const after = this.request(participant, source);
    return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
  }

  /** The request that tells the server what is chosen of one source. */
  request(participant: string, source: TrackSource): QualityRequest {
    const { quality = 'high', view } = this.#chosen.get(participant)?.get(source) ?? {};
    return {
      type: 'setQuality',
      participant,
      source,
      ...((quality !== 'high' || !view) && { quality }),
      ...(view && { width: side(view.width), height: side(view.height) }),
    };
  }

  /** What to ask of a server that sends everything to everybody. */
  requests(participant: string): QualityRequest[] {
    const sources = [...(this.#chosen.get(participant) ?? [])];
    return sources
      .filter(([, { quality = 'high', view }]) => quality !== 'high' || view)
      .map(([source]) => this.request(participant, source));
  }

  /** Somebody left: a later one of that id is somebody new. */
  forget(participant: string): void {
    this.#chosen.delete(participant);
  }

  #change(participant: string, source: TrackSource, change: Partial<Choice>): void {
    const sources = this.#chosen.get(participant) ?? new Map<TrackSource, Choice>();
    sources.set(source, { ...sources.get(source), ...change });
    this.#chosen.set(participant, sources);
  }
}

interface Choice {
  readonly quality?: VideoQuality;
  readonly view?: ViewSize | undefined;
}

function side(pixels: number): number {
  return Math.min(Math.max(Math.round(pixels), 0), sideMax);
}
