// SPDX-License-Identifier: MIT
// useHistory: a list that the program has in pages, newest first.
import { useCallback, useEffect, useRef, useState } from 'react';
import { get } from '../services/session.ts';

export interface HistoryPages<T> {
  rows: readonly T[];
  state: 'loading' | 'ready' | 'error';
  problem: string;
  hasMore: boolean;
  more: () => void;
  again: () => void;
  change: (fits: (row: T) => boolean, part: Partial<T>) => void;
}

const pageSize = 50;

// `query` names what is asked for; another one begins anew.
export function useHistory<T>(path: string, query: Record<string, string>): HistoryPages<T> {
  const key = JSON.stringify(query);
  const [state, setState] = useState<{ rows: T[]; state: 'loading' | 'ready' | 'error'; problem: string; next: string | null }>(
    { rows: [], state: 'loading', problem: '', next: null });
  const turn = useRef(0);

  const load = useCallback(async (cursor: string | null) => {
    turn.current += 1;
    const mine = turn.current;
    setState((old) => ({ ...old, state: 'loading', problem: '' }));
    try {
      const { data, next } = await get(path, { ...JSON.parse(key), limit: pageSize, cursor });
      if (mine !== turn.current) return;
      setState((old) => ({
        rows: cursor === null ? data : [...old.rows, ...data],
        state: 'ready', problem: '', next: next === null || next === undefined ? null : String(next),
      }));
    } catch (error) {
      if (mine === turn.current) setState((old) => ({ ...old, state: 'error', problem: (error as Error).message }));
    }
  }, [path, key]);

  useEffect(() => void load(null), [load]);

  const change = useCallback((fits: (row: T) => boolean, part: Partial<T>) =>
    setState((old) => ({ ...old, rows: old.rows.map((row) => (fits(row) ? { ...row, ...part } : row)) })), []);

  return {
    rows: state.rows, state: state.state, problem: state.problem, hasMore: state.next !== null,
    more: () => void load(state.next), again: () => void load(null), change,
  };
}
