// SPDX-License-Identifier: MIT
// composer: where a message is written: Enter sends, Shift+Enter begins a line,
// Esc stops an answer, and as many characters as the server takes.
import { byId, setText } from './dom.js';

const mostChars = 4000;
const warnFrom = 3800;

let on = {};
let isWriting = false;

const grouped = new Intl.NumberFormat(undefined, { useGrouping: false });

// Characters as people count them, not halves of them.
const charsIn = (text) => [...text].length;

function show() {
  const box = byId('message');
  const chars = charsIn(box.value.trim());
  const isOver = chars > mostChars;
  setText(byId('message-count'), isOver
    ? `${grouped.format(chars)} / ${mostChars}: too long by ${grouped.format(chars - mostChars)}`
    : `${grouped.format(chars)} / ${mostChars}`);
  byId('message-count').dataset.level = isOver ? 'over' : chars >= warnFrom ? 'near' : '';
  byId('message-count').setAttribute('aria-live', chars >= warnFrom ? 'polite' : 'off');
  if (isOver) box.setAttribute('aria-invalid', 'true');
  else box.removeAttribute('aria-invalid');
  byId('send').disabled = chars === 0 || isOver;
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + 2}px`;
}

function submit(event) {
  event?.preventDefault();
  const box = byId('message');
  const text = box.value.trim();
  if (!text || charsIn(text) > mostChars) return;
  box.value = '';
  show();
  box.focus();
  on.send(text);
}

function onKey(event) {
  // Enter that ends a word of an input method is no Enter.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key !== 'Enter' || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
  submit(event);
}

// Whether an answer is being written that can be stopped.
export function composerWriting(writing) {
  isWriting = writing;
  byId('stop').hidden = !writing;
}

export function composerFill(text) {
  byId('message').value = text;
  show();
  byId('message').focus();
}

// `handlers` has send(text) and stop().
export function startComposer(handlers) {
  on = handlers;
  byId('composer').addEventListener('submit', submit);
  byId('message').addEventListener('keydown', onKey);
  byId('message').addEventListener('input', show);
  byId('stop').addEventListener('click', () => on.stop());
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && isWriting && !document.querySelector('dialog[open]')) on.stop();
  });
  show();
}
