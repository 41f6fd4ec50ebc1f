// SPDX-License-Identifier: MIT
// collection: the rows of one board, fetched whole and then kept up to date by
// events. The page hears of many changes once per picture.
import { onNextFrame } from './frame.ts';
import { get } from './session.ts';

export interface CollectionNow<T> {
  rows: readonly T[];
  state: 'idle' | 'loading' | 'ready' | 'error';
  problem: string;
}

export class Collection<T extends object> {
  #rows = new Map<string, T>();
  #now: CollectionNow<T> = { rows: [], state: 'idle', problem: '' };
  #listeners = new Set<() => void>();
  #isStale = false;
  #loads = 0;
  #early: Partial<T>[] = []; // changes that came while the rows were fetched
  readonly path: string;
  readonly #keyOf: (row: Partial<T>) => unknown;

  constructor(path: string, keyOf: (row: Partial<T>) => unknown) {
    this.path = path;
    this.#keyOf = keyOf;
  }

  #merge(row: Partial<T>): void {
    const key = this.#keyOf(row);
    if (key === undefined || key === null) return;
    this.#rows.set(String(key), { ...this.#rows.get(String(key)), ...row } as T);
  }

  // A row that is new, or parts of one that is known.
  put(row: Partial<T>): void {
    if (this.#now.state === 'idle') return; // it is fetched when it is looked at
    if (this.#now.state === 'loading') this.#early.push(row);
    this.#merge(row);
    this.#changed();
  }

  #changed(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    onNextFrame(() => {
      this.#isStale = false;
      this.#tell({ rows: [...this.#rows.values()] });
    });
  }

  #tell(part: Partial<CollectionNow<T>>): void {
    this.#now = { ...this.#now, ...part };
    for (const listener of this.#listeners) listener();
  }

  load = async (): Promise<void> => {
    this.#loads += 1;
    const turn = this.#loads;
    this.#early = [];
    this.#tell({ state: 'loading', problem: '' });
    try {
      const { data } = await get(this.path);
      if (turn !== this.#loads) return;
      this.#rows.clear();
      for (const row of [...data, ...this.#early]) this.#merge(row);
      this.#tell({ rows: [...this.#rows.values()], state: 'ready' });
    } catch (error) {
      if (turn === this.#loads) this.#tell({ state: 'error', problem: (error as Error).message });
    }
  };

  // What was fetched once is fetched again; after a gap, for instance.
  again(): void {
    if (this.#now.state !== 'idle') void this.load();
  }

  reset(): void {
    this.#loads += 1;
    this.#rows.clear();
    this.#tell({ rows: [], state: 'idle', problem: '' });
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#now.state === 'idle') void this.load();
    return () => this.#listeners.delete(listener);
  };

  now = (): CollectionNow<T> => this.#now;
}
