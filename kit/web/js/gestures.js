// SPDX-License-Identifier: MIT
// gestures: fingers, keys and the wheel on a chart. What a mouse drags across
// is the chart's own; this moves and stretches the time that is shown.
import { viewFix, viewFollow, viewMoves, viewRange, viewZoom } from './view.js';

const keys = {
  ArrowLeft: 'earlier', ArrowRight: 'later', '+': 'in', '=': 'in',
  '-': 'out', '_': 'out', Home: 'live', Escape: 'live', 0: 'live',
};
const doubleTapMs = 350;
const tapPx = 10;
const afterTapMs = 100;

function onKey(event, say) {
  const move = keys[event.key];
  if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  viewMoves[move]();
  say();
}

// One finger moves, two stretch: what was under a finger stays under it. A
// finger that goes up or down first is the page's.
function onFingers(box, plotOf) {
  const fingers = new Map();
  let began = null;
  let tapped = null;

  const placeOf = (event) => {
    const area = plotOf().over.getBoundingClientRect();
    return (event.clientX - area.left) / area.width;
  };
  const begin = () => {
    const places = [...fingers.values()].map(({ at }) => at);
    const [from, to] = viewRange();
    began = { times: places.map((at) => from + at * (to - from)), length: to - from };
  };
  const follow = () => {
    const [a, b] = [...fingers.values()].map(({ at }) => at);
    const [s, t] = began.times;
    const apart = b === undefined ? 0 : b - a;
    const stretched = Math.abs(apart) > 0.02 && Math.abs(t - s) > 0;
    const length = stretched ? Math.abs((t - s) / apart) : began.length;
    viewFix([s - a * length, s + (1 - a) * length]);
  };
  const isTap = ({ x, y }, event) => Math.hypot(event.clientX - x, event.clientY - y) < tapPx;

  box.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' || fingers.size === 2) return;
    fingers.set(event.pointerId, { at: placeOf(event), x: event.clientX, y: event.clientY, moved: false });
    begin();
  });
  box.addEventListener('pointermove', (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    if (fingers.size === 1 && !finger.moved) {
      if (isTap(finger, event)) return;
      const sideways = Math.abs(event.clientX - finger.x) > Math.abs(event.clientY - finger.y);
      if (!sideways) return void fingers.delete(event.pointerId);
    }
    finger.moved = true;
    finger.at = placeOf(event);
    follow();
  });
  const lift = (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    fingers.delete(event.pointerId);
    if (fingers.size) return begin();
    if (finger.moved || event.type === 'pointercancel') return;
    const again = tapped && event.timeStamp - tapped.at < doubleTapMs && isTap(tapped, event);
    tapped = again ? null : { at: event.timeStamp, x: event.clientX, y: event.clientY };
    if (!again) return;
    viewFollow();
    // The mouse that browsers make of a tap comes behind it.
    setTimeout(() => plotOf().setCursor({ left: -10, top: -10 }), afterTapMs);
  };
  for (const type of ['pointerup', 'pointercancel']) box.addEventListener(type, lift);
}

// A pinch on a touchpad comes as a wheel with Ctrl.
function onWheel(event, plotOf) {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const area = plotOf().over.getBoundingClientRect();
  const at = Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
  viewZoom(Math.exp(event.deltaY / 100), at);
}

// `plotOf` gives the plot that is in `box` at present; `say` tells what is
// shown to those who cannot see it.
export function startGestures(box, plotOf, say) {
  box.addEventListener('keydown', (event) => onKey(event, say));
  box.addEventListener('wheel', (event) => onWheel(event, plotOf), { passive: false });
  onFingers(box, plotOf);
}
