// SPDX-License-Identifier: MIT
// login: asks for the dashboard's password, or what else lets its reader in,
// when the server wants it, and ends what was begun with it. Nothing of the
// page is seen meanwhile.
import { apiPost } from './api.js';
import { byId, el } from './dom.js';
import { noticesHide, notify } from './notices.js';

// What is asked for, how it is shown to the server, and how one leaves.
export const password = {
  title: 'This dashboard is protected', label: 'Password', submit: 'Sign in',
  wrong: 'That password is not right.',
  enter: (text) => apiPost('/api/login', { password: text }),
  leave: () => apiPost('/api/logout', {}),
};
let way = password;
let granted = null;

// Whether this tab came in by the form: what it showed is nowhere here.
const enteredKey = 'peal-entered';

function remember(entered) {
  try {
    if (entered) sessionStorage.setItem(enteredKey, 'yes');
    else sessionStorage.removeItem(enteredKey);
  } catch {
    // The way out is then not shown where nothing else tells of it.
  }
}

function hasEntered() {
  try {
    return sessionStorage.getItem(enteredKey) === 'yes';
  } catch {
    return false;
  }
}

// An answer of the server's status: who may read it, and a password is in
// force, can leave.
export function loginKnows(status) {
  byId('sign-out').hidden = !status.password_needed && !hasEntered();
}

function lock(on) {
  byId('main').hidden = on;
  noticesHide(on);
}

async function submit(event) {
  event.preventDefault();
  const button = byId('login-submit');
  button.disabled = true;
  byId('login-error').textContent = '';
  try {
    await way.enter(byId('login-password').value);
    byId('login-password').value = '';
    remember(true);
    const then = granted;
    granted = null;
    byId('login').close();
    lock(false);
    then();
  } catch (error) {
    byId('login-error').textContent = error.status === 401 || error.status === 403
      ? way.wrong : error.message;
    byId('login-password').select();
  } finally {
    button.disabled = false;
  }
}

function show() {
  const dialog = byId('login');
  if (!dialog.open) dialog.showModal();
  byId('login-password').focus();
}

// Opens the form (once, however often it is asked for); `then` runs when the
// server has let the reader in.
export function askPassword(then) {
  granted = then;
  lock(true);
  byId('sign-out').hidden = true;
  show();
}

// A new page knows nothing of what this one showed.
async function signOut() {
  byId('sign-out').disabled = true;
  try {
    await way.leave();
    remember(false);
    location.reload();
  } catch (error) {
    byId('sign-out').disabled = false;
    notify('error', `You are still signed in. ${error.message}`);
  }
}

// The form alone; `id` begins the ids of what is in it.
export function loginForm(asks, id = 'login') {
  return el('form', { id: `${id}-form`, method: 'dialog' },
    el('img', { src: '/favicon.svg', alt: '', width: 44, height: 44 }),
    el('h2', { id: `h-${id}`, text: asks.title }),
    asks.about && el('p', { class: 'hint', text: asks.about }),
    el('label', { for: `${id}-password`, text: asks.label }),
    el('input', { type: 'text', name: 'username', value: 'dashboard', autocomplete: 'username', hidden: true }),
    el('input', { type: 'password', id: `${id}-password`, autocomplete: 'current-password', required: true }),
    el('p', { id: `${id}-error`, class: 'problem', role: 'alert' }),
    el('button', { type: 'submit', id: `${id}-submit`, class: 'primary', text: asks.submit }));
}

function build() {
  return el('dialog', { id: 'login', class: 'login', 'aria-labelledby': 'h-login', closedby: 'none' }, loginForm(way));
}

// There is nothing behind the form: no key and no gesture closes it. Browsers
// let the second Escape pass whatever the page says: it opens again. `other`
// replaces parts of `password` above, and may have `about`.
export function startLogin(other = {}) {
  way = { ...password, ...other };
  const dialog = build();
  document.body.append(dialog);
  byId('login-form').addEventListener('submit', submit);
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && event.preventDefault());
  dialog.addEventListener('close', () => granted && show());
  byId('sign-out').addEventListener('click', signOut);
}
