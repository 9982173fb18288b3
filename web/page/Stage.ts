// The stage: a tile for everybody, a large one for each shared screen.
// SPDX-License-Identifier: Apache-2.0
import type { LocalTrack, RemoteParticipant, RemoteTrack, Room } from '../src/index';
import { byID, fromTemplate, part } from './dom';
import { gridLayout } from './gridLayout';
import { Tile } from './Tile';
import type { Attachable, TileSubject } from './Tile';

/** Keeps the tiles as the room is. */
export class Stage {
  readonly #room: Room;
  readonly #tiles = new Map<string, Tile>();
  readonly #stage = byID('stage');
  readonly #grid = byID('grid');
  readonly #spotlight = byID('spotlight');
  readonly #alone: HTMLElement;

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
      'trackPublished',
      'trackUnpublished',
      'trackMuted',
      'trackStarted',
      'trackStopped',
      'localTrackPublished',
      'localTrackUnpublished',
      'localTrackMuted',
      'activeSpeakersChanged',
    ] as const) {
      room.on(name, update);
    }
  }

  /** Makes the stage what the room is now. O(tracks). */
  update(): void {
    const kept = new Set<string>();
    const me = this.#room.localParticipant;
    if (me) this.#placeOwn(me, kept);
    for (const participant of this.#room.participants.values()) {
      this.#placeOther(participant, kept);
    }
    for (const [key, tile] of this.#tiles) {
      if (kept.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    if (me && this.#room.participants.size === 0) this.#grid.append(this.#alone);
    else this.#alone.remove();
    byID('people-count').textContent = String(this.#room.participants.size + (me ? 1 : 0));
    this.#layOut();
  }

  /** The link shown to who is alone. */
  setInviteLink(link: string): void {
    part(this.#alone, 'code').textContent = link;
  }

  #placeOwn(me: { id: string; name: string }, kept: Set<string>): void {
    const subject = { participant: me.id, name: me.name, isOwn: true };
    const camera = this.#room.localTrack('camera');
    const tile = this.#place({ ...subject, source: 'camera' }, camera, kept);
    tile.isMuted = this.#room.localTrack('microphone')?.isMuted ?? true;
    const screen = this.#room.localTrack('screen');
    if (screen) this.#place({ ...subject, source: 'screen' }, screen, kept);
  }

  #placeOther(participant: RemoteParticipant, kept: Set<string>): void {
    const { id, name } = participant;
    const subject = { participant: id, name, isOwn: false };
    const tile = this.#place({ ...subject, source: 'camera' }, participant.track('camera'), kept);
    tile.isMuted = participant.track('microphone')?.isMuted ?? true;
    tile.isSpeaking = participant.isSpeaking;
    for (const track of participant.tracks.values()) {
      if (track.kind !== 'video' || track.source === 'camera') continue;
      const source = track.source === 'screen' ? 'screen' : 'custom';
      this.#place({ ...subject, source }, track, kept, track.id);
    }
  }

  #place(
    subject: TileSubject,
    track: (LocalTrack | RemoteTrack) | undefined,
    kept: Set<string>,
    id: string = subject.source,
  ): Tile {
    const key = `${subject.isOwn ? 'own' : 'other'} ${id} ${subject.participant}`;
    kept.add(key);
    let tile = this.#tiles.get(key);
    if (!tile) {
      tile = new Tile(subject);
      this.#tiles.set(key, tile);
      (subject.source === 'screen' ? this.#spotlight : this.#grid).append(tile.element);
    }
    tile.show(track as Attachable | undefined, track !== undefined && !track.isMuted);
    return tile;
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
