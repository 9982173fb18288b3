// Typed events: listeners by name, taken off by a function or an AbortSignal.
// SPDX-License-Identifier: Apache-2.0

/** How a listener is registered. */
export interface ListenerOptions {
  /** Takes the listener off when it aborts. */
  signal?: AbortSignal;
  /** Takes the listener off after its first event. */
  once?: boolean;
}

/** Delivers events of the map `Events` (name to payload) to listeners, in the order they came. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();

  /** Registers a listener; the function returned takes it off and may be called twice. */
  on<Name extends keyof Events>(
    name: Name,
    listener: (event: Events[Name]) => void,
    options: ListenerOptions = {},
  ): () => void {
    const { signal, once = false } = options;
    if (signal?.aborted) return () => {};
    const entry: Listener = { call: listener as (event: unknown) => void, once };
    let set = this.#listeners.get(name);
    if (!set) {
      set = new Set();
      this.#listeners.set(name, set);
    }
    set.add(entry);
    const off = () => {
      set?.delete(entry);
      signal?.removeEventListener('abort', off);
    };
    entry.off = off;
    signal?.addEventListener('abort', off);
    return off;
  }

  /** Takes all listeners off. */
  clear(): void {
    for (const set of this.#listeners.values()) for (const entry of [...set]) entry.off?.();
  }

  /** Calls the listeners of `name`. One that throws is reported and does not stop the others. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const entry of [...(this.#listeners.get(name) ?? [])]) {
      if (entry.once) entry.off?.();
      try {
        entry.call(event);
      } catch (error) {
        // Reported as uncaught, where developers look, not swallowed.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

interface Listener {
  readonly call: (event: unknown) => void;
  readonly once: boolean;
  off?: () => void;
}
