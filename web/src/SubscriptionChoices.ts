// Which tracks of whom are wanted: the default, and what the application chose since.
// SPDX-License-Identifier: Apache-2.0
import type { AutoSubscribe } from './clientMessages';
import { MartletError } from './MartletError';
import type { TrackKind, TrackSource } from './messages';

/** What of somebody is wanted or not: a source, several, all of a kind, or everything. */
export type TrackSelection = TrackSource | TrackKind | readonly TrackSource[];

/** A request that states a choice. */
export interface ChoiceRequest {
  type: 'subscribe' | 'unsubscribe';
  participant: string;
  source?: TrackSource;
}

/** The sources a selection names; undefined: all. A custom track is chosen by its source alone. */
export function selectedSources(
  selection: TrackSelection | undefined,
): readonly TrackSource[] | undefined {
  switch (selection) {
    case undefined:
      return undefined;
    case 'audio':
      return ['microphone', 'screenAudio'];
    case 'video':
      return ['camera', 'screen'];
    default:
      if (typeof selection === 'string') return [selection];
      if (selection.length === 0) {
        throw new MartletError('invalidArgument', 'Name at least one source.');
      }
      return selection;
  }
}

/** The sources of a selection that one may ask for who receives sound alone. Throws
 * `invalidState` where it names pictures. */
export function audibleSources(
  sources: readonly TrackSource[] | undefined,
): readonly TrackSource[] | undefined {
  if (!sources) return selectedSources('audio');
  if (sources.includes('camera') || sources.includes('screen')) {
    throw new MartletError('invalidState', 'You joined for sound alone: no picture is received.');
  }
  return sources;
}

/** The requests that tell the server a choice. */
export function choiceRequests(
  participant: string,
  wanted: boolean,
  sources: readonly TrackSource[] | undefined,
): ChoiceRequest[] {
  const type = wanted ? 'subscribe' : 'unsubscribe';
  if (!sources) return [{ type, participant }];
  return sources.map((source) => ({ type, participant, source }));
}

/** For so long after a new session began others may come back to it as well: the longest time in
 * which one tries to, and some more. */
const returnMilliseconds = 60_000;

/** The choices of one stay in a room; they hold for tracks published later too. */
export class SubscriptionChoices {
  readonly #auto: AutoSubscribe;
  readonly #chosen = new Map<string, Choice>();
  /** Who was not in the present session when it began, and until when it may come back. */
  readonly #awaited = new Map<string, number>();

  constructor(auto: AutoSubscribe) {
    this.#auto = auto;
  }

  /** Whether a track is wanted. */
  wants(participant: string, source: TrackSource, kind: TrackKind): boolean {
    const choice = this.#chosen.get(participant);
    const wanted = choice?.sources.get(source) ?? choice?.all;
    if (wanted !== undefined) return wanted;
    return typeof this.#auto === 'boolean' ? this.#auto : this.#auto === kind;
  }

  /** Takes a choice over; without sources it is about everything of that participant. */
  set(participant: string, wanted: boolean, sources: readonly TrackSource[] | undefined): void {
    if (!sources) {
      this.#chosen.set(participant, { all: wanted, sources: new Map() });
      return;
    }
    const choice = this.#chosen.get(participant) ?? { all: undefined, sources: new Map() };
    for (const source of sources) choice.sources.set(source, wanted);
    this.#chosen.set(participant, choice);
  }

  /** Somebody left: a later one of that id is somebody new. */
  forget(participant: string): void {
    this.#chosen.delete(participant);
    this.#awaited.delete(participant);
  }

  /** Somebody is not in a new session yet, whose server may have been started anew: if it comes
   * back soon, it is still the same. */
  await(participant: string, now: number): void {
    if (this.#chosen.has(participant)) this.#awaited.set(participant, now + returnMilliseconds);
  }

  /** Somebody came: what was chosen about it before holds only if it was awaited. */
  welcome(participant: string, now: number): void {
    const until = this.#awaited.get(participant);
    if (until === undefined || now > until) this.forget(participant);
    this.#awaited.delete(participant);
  }

  /** What to ask of a server that knows only the default. */
  requests(participant: string): ChoiceRequest[] {
    const choice = this.#chosen.get(participant);
    if (!choice) return [];
    const { all } = choice;
    const requests = all === undefined ? [] : choiceRequests(participant, all, undefined);
    for (const [source, wanted] of choice.sources) {
      requests.push(...choiceRequests(participant, wanted, [source]));
    }
    return requests;
  }
}

interface Choice {
  readonly all: boolean | undefined;
  readonly sources: Map<TrackSource, boolean>;
}
