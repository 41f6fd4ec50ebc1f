// SPDX-License-Identifier: MIT
// useRoute: which page is shown, by what stands behind the # of the address.
// The program serves one document; links, history and bookmarks work.
import { useSyncExternalStore } from 'react';

export interface Route {
  page: string;
  id: string; // of what the page is about, '' of none
}

let now = read();

function read(): Route {
  const [page = '', id = ''] = location.hash.replace(/^#\/?/, '').split('/');
  return { page: page || 'patients', id: decode(id) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subscribe(listener: () => void): () => void {
  const heard = () => {
    now = read();
    listener();
  };
  window.addEventListener('hashchange', heard);
  return () => window.removeEventListener('hashchange', heard);
}

export const useRoute = (): Route => useSyncExternalStore(subscribe, () => now);

export const linkTo = (page: string, id = ''): string => `#/${page}${id && `/${encodeURIComponent(id)}`}`;
