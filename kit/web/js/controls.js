// SPDX-License-Identifier: MIT
// controls: the buttons around plots of time: how much of it is shown and the way
// back to the present (#chart-span, #chart-live), and below, in #chart-foot, a
// step to each side and how fingers and keys do it. What is shown is told in
// words, too.
import { icon } from './bar.js';
import { byId, el, formatClock, setText } from './dom.js';
import { startGestures } from './gestures.js';
import { onViewChange, viewFix, viewFollow, viewIsLive, viewMoves, viewRange, viewSpanS } from './view.js';

export const stretchText = ([from, to]) => `${formatClock(from * 1000)} – ${formatClock(to * 1000)}`;

const steps = [
  ['earlier', 'Earlier', 'M15 5l-7 7 7 7 1.5-1.5L11 12l5.5-5.5z'],
  ['out', 'Show more time', 'M5 11h14v2H5z'],
  ['in', 'Show less time', 'M5 11h6V5h2v6h6v2h-6v6h-2v-6H5z'],
  ['later', 'Later', 'M9 5l7 7-7 7-1.5-1.5L13 12 7.5 6.5z'],
];

function step([move, label, path]) {
  return el('button', {
    type: 'button', class: 'icon', 'data-move': move, 'aria-label': label,
    on: { click: () => { viewMoves[move](); say(); } },
  }, icon(path));
}

// Before what the page has there.
function buildFoot() {
  byId('chart-foot').prepend(
    el('div', { class: 'zoom', role: 'group', 'aria-label': 'Look closer' }, ...steps.map(step)),
    el('p', { class: 'hint keys', id: 'chart-keys' },
      el('span', { class: 'for-mouse', text: 'Drag across to look closer; keys ← → + − Home.' }),
      el('span', { class: 'for-touch', text: 'Pinch to look closer, drag to move, tap twice for live.' })),
    el('p', { class: 'sr', id: 'chart-said', role: 'status' }));
}

// For those who move through it by keys.
function say() {
  setText(byId('chart-said'), `${viewIsLive() ? 'Live, ' : ''}${stretchText(viewRange())}`);
}

function show() {
  byId('chart-live').hidden = viewIsLive();
  for (const button of byId('chart-span').children) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.span) === viewSpanS()));
  }
}

function onSpan(event) {
  const button = event.target.closest('button');
  if (button) viewFollow(Number(button.dataset.span));
}

// Options of uPlot: what a mouse drags across is what is shown then.
export function dragHook(u) {
  if (u.select.width < 8) return;
  const from = u.posToVal(u.select.left, 'x');
  const to = u.posToVal(u.select.left + u.select.width, 'x');
  u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  viewFix([from, to]);
}

// `plots` are those of plotOpen() by the element that each is in.
export function startControls(plots) {
  buildFoot();
  for (const [box, plot] of plots) startGestures(box, () => plot.view, say);
  onViewChange(show);
  byId('chart-live').addEventListener('click', () => viewFollow());
  byId('chart-span').addEventListener('click', onSpan);
}
