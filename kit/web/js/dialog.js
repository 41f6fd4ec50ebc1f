// SPDX-License-Identifier: MIT
// dialog: a question that must be answered before the page goes on.
import { el } from './dom.js';

let count = 0;

// The question itself: {title, text, yes, no, isGrave}.
export function dialogForm({ title, text, yes, no = 'Cancel', isGrave = false }, id = `dialog-${count += 1}`) {
  return el('form', { method: 'dialog' },
    el('h2', { id, text: title }),
    el('p', { text }),
    el('div', { class: 'dialog-tools' },
      el('button', { class: 'small', value: 'no', text: no }),
      el('button', { class: `small primary ${isGrave ? 'grave' : ''}`, value: 'yes', text: yes })));
}

// Asks; true when the reader says yes. Escape and a click beside it are a no.
export function dialogAsk(question) {
  const form = dialogForm(question);
  const dialog = el('dialog', { class: 'dialog ask', 'aria-labelledby': form.firstChild.id }, form);
  document.body.append(dialog);
  dialogClosesOutside(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      done(dialog.returnValue === 'yes');
    });
  });
}

// A click beside a dialog closes it.
export function dialogClosesOutside(dialog) {
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
}
