// The stage: a tile for everybody, a large one for each shared screen.
// SPDX-License-Identifier: Apache-2.0
import type { LocalTrack, RemoteTrack, Room, RoomStatistics } from '../src/index';
import { byID, fromTemplate, part, setText } from './dom';
import { streamText } from './figures';
import { gridLayout } from './gridLayout';
import { otherPerson, ownPerson } from './people/person';
import type { Person } from './people/person';
import { Tile } from './Tile';
import type { Attachable, TileSource } from './Tile';

/** Keeps the tiles as the room is. */
export class Stage {
  readonly #room: Room;
  readonly #tiles = new Map<string, Tile>();
  readonly #stage = byID('stage');
  readonly #grid = byID('grid');
  readonly #spotlight = byID('spotlight');
  readonly #alone: HTMLElement;
  /** What is known of the picture of a track, by its id. */
  #figures = new Map<string, string>();

  /** `onInvite` is called by the button shown to who is alone. */
  constructor(room: Room, onInvite: () => void) {
    this.#room = room;
    this.#alone = fromTemplate('alone-template');
    part(this.#alone, 'button').addEventListener('click', onInvite);
    new ResizeObserver(() => this.#layOut()).observe(this.#stage);

    const update = () => this.update();
    for (const name of [
      'participantJoined',
      'participantLeft',
      'participantUpdated',
      'participantInterrupted',
      'participantResumed',
      'localParticipantUpdated',
      'roleChanged',
      'trackPublished',
      'trackUnpublished',
      'trackMuted',
      'trackStarted',
      'trackStopped',
      'localTrackPublished',
      'localTrackUnpublished',
      'localTrackMuted',
      'audioLevels',
      'networkQuality',
      'connectionStateChanged',
    ] as const) {
      room.on(name, update);
    }
  }

  /** Makes the stage what the room is now. O(tracks). */
  update(): void {
    const kept = new Set<string>();
    const me = ownPerson(this.#room);
    const isBroadcast = this.#room.info?.profile === 'broadcast';
    // Nobody sees the audience of a broadcast, so it does not see itself either.
    if (me && !(isBroadcast && me.role === 'audience')) this.#placeOwn(me, kept);
    const others = this.#room.remoteParticipants;
    for (const participant of others.values()) {
      const person = otherPerson(participant, me?.isInterrupted ?? false);
      this.#place(person, 'camera', participant.track('camera'), kept);
      for (const track of participant.tracks.values()) {
        if (track.kind !== 'video' || track.source === 'camera') continue;
        this.#place(person, track.source === 'screen' ? 'screen' : 'custom', track, kept, track.id);
      }
    }
    for (const [key, tile] of this.#tiles) {
      if (kept.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    if (me && others.size === 0) this.#showAlone(me, isBroadcast);
    else this.#alone.remove();
    setText(byID('people-count'), String(others.size + (me ? 1 : 0)));
    this.#layOut();
  }

  /** The link shown to who is alone. */
  setInviteLink(link: string): void {
    part(this.#alone, 'code').textContent = link;
  }

  /** Takes the figures of the last second, shown behind each tile's bars. */
  setFigures(figures: RoomStatistics | undefined): void {
    this.#figures = new Map();
    for (const stream of figures?.streams ?? []) {
      const { track, kind } = stream;
      if (track && kind === 'video') this.#figures.set(track, streamText(stream));
    }
    this.update();
  }

  #placeOwn(me: Person, kept: Set<string>): void {
    const shown = (source: 'camera' | 'screen') =>
      me.role === 'host' ? this.#room.localTrack(source) : undefined;
    this.#place(me, 'camera', shown('camera'), kept);
    const screen = shown('screen');
    if (screen) this.#place(me, 'screen', screen, kept);
  }

  #place(
    person: Person,
    source: TileSource,
    track: (LocalTrack | RemoteTrack) | undefined,
    kept: Set<string>,
    id: string = source,
  ): void {
    const key = `${person.isOwn ? 'own' : 'other'} ${id} ${person.id}`;
    kept.add(key);
    let tile = this.#tiles.get(key);
    if (!tile) {
      tile = new Tile(person, source);
      this.#tiles.set(key, tile);
      (source === 'screen' ? this.#spotlight : this.#grid).append(tile.element);
    }
    tile.describe(person, this.#figures.get(track?.id ?? ''));
    tile.show(track as Attachable | undefined, track !== undefined && !track.isMuted);
  }

  #showAlone(me: Person, isBroadcast: boolean): void {
    const { title, text } = aloneTexts[isBroadcast ? me.role : 'conversation'];
    setText(part(this.#alone, 'h2'), title);
    setText(part(this.#alone, 'p'), text);
    if (this.#alone.parentElement !== this.#grid || this.#alone.nextElementSibling) {
      this.#grid.append(this.#alone);
    }
  }

  #layOut(): void {
    const screens = this.#spotlight.childElementCount;
    this.#spotlight.hidden = screens === 0;
    this.#stage.classList.toggle('has-screen', screens > 0);
    const isNarrow = this.#stage.clientWidth < 640;
    const gap = isNarrow ? 8 : 12;
    let size = { width: 224, height: 126 };
    if (screens > 0 && isNarrow) size = { width: 142, height: 80 };
    if (screens === 0) {
      const style = getComputedStyle(this.#stage);
      const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
      size = gridLayout(
        this.#grid.childElementCount,
        this.#stage.clientWidth - padding,
        this.#stage.clientHeight,
        gap,
        isNarrow ? [16 / 9, 4 / 3, 1] : [16 / 9],
      );
    }
    this.#grid.style.setProperty('--tile-width', `${size.width}px`);
    this.#grid.style.setProperty('--tile-height', `${size.height}px`);
  }
}

const aloneTexts = {
  conversation: {
    title: 'You are alone here',
    text: 'Copy the link and send it to the person you want to talk to.',
  },
  host: {
    title: 'You are the only host',
    text: 'The audience sees and hears you, and is not shown here. Copy the link to invite people.',
  },
  audience: {
    title: 'No host is here yet',
    text: 'You see and hear the hosts as soon as they come.',
  },
} as const;
