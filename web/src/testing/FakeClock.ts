// Time for tests: it passes only when told to, and knows every timer that is set.
// SPDX-License-Identifier: Apache-2.0

interface Timer {
  readonly at: number;
  readonly call: () => void;
  readonly every: number | undefined;
}

const realSetTimeout = globalThis.setTimeout;

/** Lets everything that is ready to run do so. */
export async function settle(): Promise<void> {
  // Streams of the runtime (for compression) take turns of the event loop of their own.
  for (let n = 0; n < 4; n += 1) {
    await new Promise((resolve) => realSetTimeout(resolve, 0));
  }
}

/** Puts a clock in the place of `performance.now`, which older runtimes (node 18) let nobody assign. */
export function setPerformanceNow(now: () => number): void {
  Object.defineProperty(performance, 'now', { value: now, writable: true, configurable: true });
}

/** Takes the place of the runtime's timers and clocks. One for each file of tests. */
export class FakeClock {
  #now = 1_000_000;
  #nextHandle = 1;
  readonly #timers = new Map<number, Timer>();

  /** Puts itself in place. */
  install(): this {
    const set = (call: () => void, wait = 0, every?: number): number => {
      const handle = this.#nextHandle;
      this.#nextHandle += 1;
      this.#timers.set(handle, { at: this.#now + Math.max(wait, 0), call, every });
      return handle;
    };
    const clear = (handle: number | undefined) => {
      if (handle !== undefined) this.#timers.delete(handle);
    };
    Object.assign(globalThis, {
      setTimeout: (call: () => void, wait?: number) => set(call, wait),
      setInterval: (call: () => void, wait = 1) => set(call, wait, Math.max(wait, 1)),
      clearTimeout: clear,
      clearInterval: clear,
    });
    setPerformanceNow(() => this.#now);
    Date.now = () => this.#now;
    return this;
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** The time since it was made, in milliseconds. */
  get elapsed(): number {
    return this.#now - 1_000_000;
  }

  /** Lets time pass, timer after timer. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end);
      due.sort(([, a], [, b]) => a.at - b.at);
      const [next] = due;
      if (!next) break;
      const [handle, timer] = next;
      this.#now = Math.max(this.#now, timer.at);
      if (timer.every === undefined) this.#timers.delete(handle);
      else this.#timers.set(handle, { ...timer, at: this.#now + timer.every });
      timer.call();
      await settle();
    }
    this.#now = end;
  }
}
