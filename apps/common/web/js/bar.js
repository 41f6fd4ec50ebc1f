// SPDX-License-Identifier: MIT
// bar: what stands at the right of every page's header: the connection's state
// in words, the way to the other look, and the way out.
import { byId, el } from './dom.js';

function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

function link() {
  return el('div', { class: 'link', id: 'link', 'data-state': 'connecting' },
    el('span', { class: 'dot', 'aria-hidden': 'true' }),
    el('span', { id: 'connection-state', role: 'status', text: 'Connecting…' }),
    el('span', { class: 'link-how' },
      el('span', { id: 'transport', text: 'no transport' }),
      el('span', { id: 'round-trip', title: 'Round trip', text: '– ms' })));
}

function icons() {
  return el('div', { class: 'icons' },
    el('button', { type: 'button', id: 'theme-toggle', class: 'icon', 'aria-label': 'Switch to the dark look' },
      icon('M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z')),
    el('button', { type: 'button', id: 'sign-out', class: 'icon', 'aria-label': 'Sign out', title: 'Sign out', hidden: true },
      icon('M4 3h9v2H6v14h7v2H4zM16 7l5 5-5 5-1.4-1.4 2.6-2.6H10v-2h7.2l-2.6-2.6z')));
}

// Before the other parts: they look for what is in it. `middle` stands between.
export function startBar(middle = null) {
  byId('bar').append(link(), ...(middle ? [middle] : []), icons());
}
