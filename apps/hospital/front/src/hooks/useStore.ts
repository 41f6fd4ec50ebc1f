// SPDX-License-Identifier: MIT
// useStore: what a store outside React holds now; the component is drawn again
// when it is different.
import { useSyncExternalStore } from 'react';

export interface Store<T> {
  subscribe: (listener: () => void) => () => void;
  now: () => T;
}

export const useStore = <T>({ subscribe, now }: Store<T>): T => useSyncExternalStore(subscribe, now);
