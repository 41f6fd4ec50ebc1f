// SPDX-License-Identifier: MIT
// copy: buttons that copy the text of the element that their data-copy names.
import { byId, setText } from './dom.js';

const copiedMs = 2000;

// The text selects itself where the clipboard is closed to pages.
async function copy(button) {
  const source = byId(button.dataset.copy);
  getSelection().selectAllChildren(source);
  try {
    await navigator.clipboard.writeText(source.textContent);
    setText(button, 'Copied');
  } catch {
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), copiedMs);
}

export function startCopy() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => copy(button));
  }
}
