// SPDX-License-Identifier: MIT
// useAction: something is asked of the program; meanwhile, and when it went
// wrong, the form says so.
import { useCallback, useState } from 'react';

export interface Action {
  isBusy: boolean;
  problem: string;
  field: string; // of the form, that the problem is about
  run: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}

export function useAction(): Action {
  const [state, setState] = useState({ isBusy: false, problem: '', field: '' });
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setState({ isBusy: true, problem: '', field: '' });
    try {
      await work();
      setState({ isBusy: false, problem: '', field: '' });
      return true;
    } catch (error) {
      const { message, field = '' } = error as Error & { field?: string };
      setState({ isBusy: false, problem: message, field });
      return false;
    }
  }, []);
  const clear = useCallback(() => setState({ isBusy: false, problem: '', field: '' }), []);
  return { ...state, run, clear };
}
