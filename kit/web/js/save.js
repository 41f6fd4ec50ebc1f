// SPDX-License-Identifier: MIT
// save: a file of the server, saved by the browser as it comes, however long
// it is; `buttons` rest while `work` finds out what will come.
import { withQuery } from './api.js';
import { el } from './dom.js';
import { notify } from './notices.js';

export function saveFrom(path, query = {}) {
  const link = el('a', { href: withQuery(path, query), download: '' });
  document.body.append(link);
  link.click();
  link.remove();
}

export async function saveWith(buttons, work) {
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (error) {
    notify('error', `The export failed. ${error.message}`);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

// A small file that the page makes itself.
export function saveText(name, text, type = 'text/csv') {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(URL.revokeObjectURL, 10000, url);
}
