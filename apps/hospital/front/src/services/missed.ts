// SPDX-License-Identifier: MIT
// missed: up to which ids nothing is missing. What arrives live does not move
// it while older alerts are still being fetched: who loses the connection in
// between asks for the gap again.

const nodes = 2 ** 20;
// The program takes so many; of others it sends what came lately.
const maxIds = 64;

export class Missed {
  #at = new Map<number, number>(); // by node
  #isFetching = false;
  #seen: () => number[];

  // `seen` gives the greatest ids of all that came, in whatever order.
  constructor(seen: () => number[]) {
    this.#seen = seen;
  }

  // From where on to ask.
  ids(): number[] {
    const ids = this.#isFetching ? [...this.#at.values()] : this.#seen();
    return ids.sort((a, b) => b - a).slice(0, maxIds);
  }

  // A connection asks from here on. False: from nowhere, nothing was seen.
  begin(): number[] {
    const from = this.ids();
    this.#at = new Map(from.map((id) => [id % nodes, id]));
    this.#isFetching = from.length > 0;
    return from;
  }

  // A page of what was missed; with `more` others follow.
  page(ids: readonly number[], more: boolean): void {
    for (const id of ids) {
      const node = id % nodes;
      this.#at.set(node, Math.max(id, this.#at.get(node) ?? 0));
    }
    if (!more) this.#isFetching = false;
  }

  forget(): void {
    this.#at.clear();
    this.#isFetching = false;
  }
}
