// SPDX-License-Identifier: MIT
// bar: what stands at the right of every page's header: the connection's state
// in words, the way to the other look, and the way out.
import { byId, el } from './dom.js';

// A drawing of 24 by 24, in the colour of the text around it.
export function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

// The state of a connection: {state (connecting, live, lost, locked), text,
// transport, trip}. `ids` are for the one of the page.
export function barLink({ state, text, transport = 'no transport', trip = '– ms' }, ids = {}) {
  return el('div', { class: 'link', id: ids.link, 'data-state': state },
    el('span', { class: 'dot', 'aria-hidden': 'true' }),
    el('span', { class: 'link-state', id: ids.state, role: 'status', text }),
    el('span', { class: 'link-how' },
      el('span', { class: 'link-transport', id: ids.transport, text: transport }),
      el('span', { class: 'link-trip', id: ids.trip, title: 'Round trip', text: trip })));
}

const linkIds = { link: 'link', state: 'connection-state', transport: 'transport', trip: 'round-trip' };

function icons() {
  return el('div', { class: 'icons' },
    el('button', { type: 'button', id: 'theme-toggle', class: 'icon', 'aria-label': 'Switch to the dark look' },
      icon('M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z')),
    el('button', { type: 'button', id: 'sign-out', class: 'icon', 'aria-label': 'Sign out', title: 'Sign out', hidden: true },
      icon('M4 3h9v2H6v14h7v2H4zM16 7l5 5-5 5-1.4-1.4 2.6-2.6H10v-2h7.2l-2.6-2.6z')));
}

// Before the other parts: they look for what is in it. `middle` stands between.
export function startBar(middle = null) {
  byId('bar').append(barLink({ state: 'connecting', text: 'Connecting…' }, linkIds), ...(middle ? [middle] : []), icons());
}
