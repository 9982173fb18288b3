// What is opened and published by itself as soon as one may publish.
// SPDX-License-Identifier: Apache-2.0
import type { DeviceSource } from './joinOptions';
import { asMartletError, MartletError } from './MartletError';
import type { EmitRoomEvent } from './RoomEvents';
import type { Session } from './Session';

/** One after the other, so that the browser asks one question at a time. */
const order: readonly DeviceSource[] = ['microphone', 'camera'];

/** Remembers what `Room.setPublishing` chose; outlives sessions. */
export class AutoPublisher {
  readonly #chosen = new Map<DeviceSource, boolean>();
  /** In which session a source was published, or failed to be, by itself: once in each. */
  readonly #done = new WeakMap<Session, Set<DeviceSource>>();

  /** Chooses for this session and all later ones. */
  choose(source: DeviceSource, isWanted: boolean): void {
    this.#chosen.set(source, isWanted);
  }

  /** Publishes what is wanted and not published yet. Failures are told as warnings. */
  async run(
    session: Session,
    wanted: readonly DeviceSource[],
    publish: (source: DeviceSource) => Promise<unknown>,
    emit: EmitRoomEvent,
  ): Promise<void> {
    const done = this.#done.get(session) ?? new Set<DeviceSource>();
    this.#done.set(session, done);
    for (const source of order) {
      const isWanted = this.#chosen.get(source) ?? wanted.includes(source);
      if (!isWanted || done.has(source) || session.publisher.track(source)) continue;
      done.add(source);
      try {
        if (!session.me?.canPublish(source)) {
          throw new MartletError('permissionDenied', `You may not publish a ${source}.`);
        }
        await publish(source);
      } catch (cause) {
        const error = asMartletError(cause);
        emit('warning', { code: 'publishFailed', message: error.message, source, error });
      }
    }
  }
}
