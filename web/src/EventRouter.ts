// What the server tells of the room, routed to whom it concerns and told to the application.
// SPDX-License-Identifier: Apache-2.0
import { decibelsOfFullScale, volumePercent } from './audioLevel';
import { fromBase64 } from './base64';
import type { LocalParticipant } from './LocalParticipant';
import type { LocalPublisher } from './LocalPublisher';
import type { AudioLevel, Grants, ParticipantInfo, ParticipantRole, RelayInfo } from './messages';
import type { RemoteRoster } from './RemoteRoster';
import type { EmitRoomEvent } from './RoomEvents';
import type { RoomEvent } from './serverMessages';

/** What the router needs of the session around it. */
export interface RouterSurroundings {
  readonly emit: EmitRoomEvent;
  readonly roster: RemoteRoster;
  readonly publisher: LocalPublisher;
  /** Oneself. */
  me(): LocalParticipant | undefined;
  /** More slots are needed. */
  grow(pairs: number, audio: number): void;
  /** The relays have other credentials. */
  renewRelays(relays: readonly RelayInfo[]): void;
  /** One became a host. */
  mayPublish(): void;
}

/** Holds nothing itself. */
export class EventRouter {
  readonly #surroundings: RouterSurroundings;

  constructor(surroundings: RouterSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Takes one event; they come in the order of the session. */
  handle(event: RoomEvent): void {
    const { emit, roster, publisher, me } = this.#surroundings;
    switch (event.type) {
      case 'participantJoined':
        roster.join(event.participant);
        break;
      case 'participantLeft':
        roster.leave(event.participant, event.reason);
        break;
      case 'participantUpdated':
        this.#update(event.participant);
        break;
      case 'participantInterrupted':
        roster.interrupt(event.participant, true);
        break;
      case 'participantResumed':
        roster.interrupt(event.participant, false);
        break;
      case 'trackPublished':
        roster.publish(event.participant, event.track);
        break;
      case 'trackUnpublished':
        if (event.participant === me()?.id) publisher.revoke(event.track);
        else roster.unpublish(event.participant, event.track);
        break;
      case 'trackMuted':
        roster.mute(event.participant, event.track, event.muted);
        break;
      case 'trackQuality':
        roster.changeQuality(event.participant, event.track, event.quality);
        break;
      case 'slots':
        roster.assign(event.assignments);
        break;
      case 'layersWanted':
        publisher
          .sendLayers(event.track, event.layers, event.maxBitrates, event.spatialLayers)
          .catch(() => {});
        break;
      case 'needSlots':
        this.#surroundings.grow(event.video, event.audio);
        break;
      case 'audioLevels':
        this.#hear(event.levels);
        break;
      case 'networkQuality':
        roster.grade(event.qualities);
        emit('networkQuality', { qualities: event.qualities });
        break;
      case 'roleChanged':
        this.#changeRole(event.role);
        break;
      case 'permissionsChanged':
        this.#changeGrants(event.grants);
        break;
      case 'iceServersChanged':
        this.#surroundings.renewRelays(event.iceServers);
        break;
      case 'tokenWillExpire': {
        const deadline = new Date(event.deadline * 1000);
        emit('tokenWillExpire', { deadline, secondsLeft: event.secondsLeft });
        break;
      }
      case 'dataReceived':
        this.#receiveData(event);
        break;
      case 'messageReceived':
        this.#receiveMessage(event);
        break;
    }
  }

  #update(info: ParticipantInfo): void {
    const { emit, roster, me } = this.#surroundings;
    const participant = me();
    if (info.id !== participant?.id) {
      roster.update(info);
      return;
    }
    participant.update(info);
    emit('localParticipantUpdated', { participant });
  }

  #hear(levels: readonly AudioLevel[]): void {
    const { emit, roster, me } = this.#surroundings;
    roster.hear(levels);
    for (const { participant, level } of levels) {
      if (participant === me()?.id) me()?.setAudioLevel(level);
    }
    emit('audioLevels', {
      levels: levels.map(({ participant, level }) => {
        const dBFS = decibelsOfFullScale(level);
        return { participant, dBFS, percent: volumePercent(dBFS) };
      }),
    });
  }

  #changeRole(role: ParticipantRole): void {
    const { emit, publisher, me, mayPublish } = this.#surroundings;
    me()?.setRole(role);
    emit('roleChanged', { role });
    if (role === 'host') {
      publisher.restore().catch(() => {});
      mayPublish();
    } else {
      publisher.suspend().catch(() => {});
    }
  }

  #changeGrants(grants: Grants): void {
    const { emit, roster, me } = this.#surroundings;
    me()?.setGrants(grants);
    roster.allow(grants.subscribe);
    emit('permissionsChanged', { grants });
  }

  #receiveData(event: Extract<RoomEvent, { type: 'dataReceived' }>): void {
    const { emit, roster } = this.#surroundings;
    const { participant: participantID, stream, userTimestamp } = event;
    let data: Uint8Array;
    try {
      data = fromBase64(event.data);
    } catch {
      // What is no packet is not handed on as one.
      return;
    }
    emit('dataReceived', {
      participant: roster.participants.get(participantID),
      participantID,
      stream,
      data,
      ...(userTimestamp !== undefined && { userTimestamp }),
    });
  }

  #receiveMessage(event: Extract<RoomEvent, { type: 'messageReceived' }>): void {
    const { emit, roster } = this.#surroundings;
    const { message, participant: participantID, toAll, content } = event;
    emit('messageReceived', {
      ...(message !== undefined && { id: message }),
      participant: roster.participants.get(participantID ?? ''),
      participantID,
      toAll,
      content,
    });
  }
}
