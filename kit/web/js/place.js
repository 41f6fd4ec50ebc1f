// SPDX-License-Identifier: MIT
// place: what stands where something is to come: loading, nothing yet, or what
// went wrong and a way to try again.
import { el } from './dom.js';

// Shows in `node` (class "place") that it is `state`: loading, empty, error, or
// "" when there is what was waited for. `again` is called by the button of an
// error.
export function placeShow(node, state, text = '', again = null) {
  node.hidden = state === '';
  node.dataset.state = state;
  node.replaceChildren(el('span', { text, role: state === 'error' ? 'alert' : 'status' }));
  if (again) node.append(el('button', { type: 'button', class: 'small', text: 'Try again', on: { click: again } }));
}

// Fills a place by `work`, which returns how many things there are now; says
// `words.loading`, `words.empty` or what went wrong.
export async function placeFill(node, words, work) {
  if (!node.dataset.filled) placeShow(node, 'loading', words.loading);
  try {
    const count = await work();
    node.dataset.filled = 'yes';
    placeShow(node, count ? '' : 'empty', words.empty);
  } catch (error) {
    if (error.status === 401) throw error;
    placeShow(node, 'error', error.message, () => placeFill(node, words, work));
  }
}
