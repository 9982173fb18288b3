// Which incidents of quality are open: each is told once when it begins and once when it is over.
// SPDX-License-Identifier: Apache-2.0
import { incidentsBetween } from './qualityIncidents';
import type { MediaSnapshot, QualityIncident } from './qualityIncidents';

/** For so long the microphone gives nothing before that is told: people pause. */
export const silenceMilliseconds = 10_000;

/** Lives as long as one stay in a room. */
export class IncidentWatch {
  #before: MediaSnapshot | undefined;
  readonly #open = new Map<string, Open>();

  /** Takes another look; returns what began since the last one, and what is over. */
  look(snapshot: MediaSnapshot): QualityIncident[] {
    const before = this.#before;
    this.#before = snapshot;
    if (!before) return [];
    const changes: QualityIncident[] = [];
    const found = new Set<string>();
    for (const incident of incidentsBetween(before, snapshot)) {
      const key = [incident.code, incident.source, incident.participant].join(' ');
      found.add(key);
      const open = this.#open.get(key) ?? { incident, since: before.at, isTold: false };
      this.#open.set(key, open);
      const hold = incident.code === 'inputSilent' ? silenceMilliseconds : 0;
      if (open.isTold || snapshot.at - open.since < hold) continue;
      open.isTold = true;
      changes.push({ ...incident, recovered: false });
    }
    for (const [key, { incident, isTold }] of [...this.#open]) {
      if (found.has(key)) continue;
      this.#open.delete(key);
      if (isTold) changes.push({ ...incident, recovered: true });
    }
    return changes;
  }

  /** What flows for now says nothing: the next look is compared with the one after it. */
  pause(): void {
    this.#before = undefined;
  }
}

interface Open {
  readonly incident: Omit<QualityIncident, 'recovered'>;
  readonly since: number;
  isTold: boolean;
}
