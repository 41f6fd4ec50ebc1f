// SPDX-License-Identifier: MIT
// notices: short messages above the page; they never move what is below.
import { el } from './dom.js';

const lifetimeMs = { info: 6000, good: 5000, error: 12000 };
const atMost = 4;

let area = null;

function place() {
  area ??= document.body.appendChild(el('div', {
    id: 'notices', class: 'notices', role: 'region', 'aria-label': 'Messages',
  }));
  return area;
}

export function noticesHide(hidden) {
  place().hidden = hidden;
}

function remove(notice) {
  clearTimeout(notice.timer);
  notice.remove();
}

// A message of `kind` (info, good, error) that no clock takes away.
export function noticeBuild(kind, text) {
  const notice = el('div', {
    class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'status',
    'data-text': text,
  }, el('p', { text }));
  notice.append(el('button', {
    type: 'button', class: 'icon', 'aria-label': 'Dismiss', text: '×',
    on: { click: () => remove(notice) },
  }));
  return notice;
}

// Shows `text` as `kind` for a while. The same text is shown once.
export function notify(kind, text) {
  for (const old of [...place().children]) {
    if (old.dataset.text === text) remove(old);
  }
  const notice = noticeBuild(kind, text);
  notice.timer = setTimeout(remove, lifetimeMs[kind], notice);
  area.append(notice);
  while (area.children.length > atMost) remove(area.firstElementChild);
}
