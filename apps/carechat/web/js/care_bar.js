// SPDX-License-Identifier: MIT
// care_bar: the header of a page of CareChat: between its two pages, the
// connection's health in a word, and whose account it is, with the ways out.
import { startBar } from './bar.js';
import { dialogClosesOutside } from './dialog.js';
import { byId, el, setText } from './dom.js';
import { notify } from './notices.js';
import { personSignOut, personWho } from './person.js';
import { socketClose } from './socket.js';

const pages = [['chat', 'Chat'], ['vitals', 'Vitals']];

function nav(current) {
  return el('nav', { class: 'segments pages', 'aria-label': 'Pages' },
    ...pages.map(([name, text]) => el('a', {
      href: `/${name}.html`, text, 'aria-current': name === current && 'page',
    })));
}

async function signOut(everywhere) {
  const buttons = byId('account').querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  try {
    await personSignOut(everywhere);
    socketClose();
  } catch (error) {
    for (const button of buttons) button.disabled = false;
    notify('error', `You are still signed in. ${error.message}`);
  }
}

function account() {
  return el('dialog', { id: 'account', class: 'dialog ask account', 'aria-labelledby': 'h-account' },
    el('h2', { id: 'h-account', text: 'Your account' }),
    el('p', { class: 'hint' }, 'Signed in as ', el('strong', { id: 'account-name' })),
    el('p', { class: 'hint' }, 'Connection: ', el('span', { id: 'account-connection' })),
    el('button', { type: 'button', id: 'sign-out-here', class: 'primary', text: 'Sign out', on: { click: () => signOut(false) } }),
    el('button', { type: 'button', id: 'sign-out-everywhere', text: 'Sign out everywhere', 'aria-describedby': 'everywhere-note', on: { click: () => signOut(true) } }),
    el('p', { class: 'hint', id: 'everywhere-note', text: 'On all devices and in all browsers, at once.' }),
    el('form', { method: 'dialog' }, el('button', { class: 'small', text: 'Close' })));
}

// With what a narrow header has no room for.
function openAccount() {
  const told = ['connection-state', 'transport', 'round-trip', 'health'].map((id) => byId(id).textContent);
  setText(byId('account-connection'), told.join(', '));
  byId('account').showModal();
}

// `page` is chat or vitals. The name stands there once it is known.
export function startCareBar(page) {
  const open = el('button', {
    type: 'button', id: 'account-open', class: 'small', text: 'Account', 'aria-haspopup': 'dialog',
    on: { click: openAccount },
  });
  startBar(nav(page));
  byId('theme-toggle').before(open);
  byId('round-trip').after(el('span', { id: 'health', title: 'Health of the connection', text: 'no connection' }));
  document.body.append(account());
  dialogClosesOutside(byId('account'));
}

export function careBarKnows() {
  const { username } = personWho();
  setText(byId('account-name'), username);
  setText(byId('account-open'), username);
  byId('account-open').setAttribute('aria-label', `Account of ${username}`);
}
