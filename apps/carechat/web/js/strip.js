// SPDX-License-Identifier: MIT
// strip: a line under the header for what lasts: no connection, a part of the
// server that is not well. One line per subject, gone when it is over.
import { byId, el } from './dom.js';

// Says `text` about `subject`; '' is the end of it. `button` is {text, on}.
export function stripSay(subject, text, button = null) {
  const area = byId('strip');
  const old = area.querySelector(`[data-subject="${subject}"]`);
  if (!text) return void old?.remove();
  if (old?.dataset.text === text) return;
  const line = el('p', { 'data-subject': subject, 'data-text': text }, el('span', { text }),
    button && el('button', { type: 'button', class: 'small', text: button.text, on: { click: button.on } }));
  if (old) old.replaceWith(line);
  else area.append(line);
}
