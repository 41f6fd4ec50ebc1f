// SPDX-License-Identifier: MIT
// controls: the buttons around plots of time: how much of it is shown, the way
// back to the present (#chart-span, #chart-live), and a step to each side
// (data-move). What is shown is told in words to #chart-said.
import { byId, formatClock, setText } from './dom.js';
import { startGestures } from './gestures.js';
import { onViewChange, viewFix, viewFollow, viewIsLive, viewMoves, viewRange, viewSpanS } from './view.js';

export const stretchText = ([from, to]) => `${formatClock(from * 1000)} – ${formatClock(to * 1000)}`;

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
  for (const [box, plot] of plots) startGestures(box, () => plot.view, say);
  onViewChange(show);
  byId('chart-live').addEventListener('click', () => viewFollow());
  byId('chart-span').addEventListener('click', onSpan);
  for (const button of document.querySelectorAll('[data-move]')) {
    button.addEventListener('click', () => { viewMoves[button.dataset.move](); say(); });
  }
}
