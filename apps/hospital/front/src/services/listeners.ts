// SPDX-License-Identifier: MIT
// listeners: who hears of which event. One that throws keeps nobody else from
// hearing.

export type Listener = (...args: any[]) => void;

export class Listeners {
  #of = new Map<string, Set<Listener>>();

  on(event: string, listener: Listener): void {
    let set = this.#of.get(event);
    if (!set) this.#of.set(event, set = new Set());
    set.add(listener);
  }

  off(event: string, listener: Listener): void {
    this.#of.get(event)?.delete(listener);
  }

  tell(event: string, ...args: unknown[]): void {
    for (const listener of this.#of.get(event) ?? []) {
      try {
        listener(...args);
      } catch (error) {
        console.error(`A listener of ${event} failed.`, error);
      }
    }
  }
}
