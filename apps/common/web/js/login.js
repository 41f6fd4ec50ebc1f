// SPDX-License-Identifier: MIT
// login: asks for the dashboard's password when the server wants one, and ends
// what was begun with it. Nothing of the page is seen meanwhile.
import { apiPost } from './api.js';
import { byId, el } from './dom.js';
import { noticesHide, notify } from './notices.js';

let granted = null;

// An answer of /status: who may read it, and a password is in force, can leave.
export function loginKnows(status) {
  byId('sign-out').hidden = !status.password_needed;
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
    await apiPost('/api/login', { password: byId('login-password').value });
    byId('login-password').value = '';
    const then = granted;
    granted = null;
    byId('login').close();
    lock(false);
    then();
  } catch (error) {
    byId('login-error').textContent = error.status === 401 || error.status === 403
      ? 'That password is not right.' : error.message;
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
    await apiPost('/api/logout', {});
    location.reload();
  } catch (error) {
    byId('sign-out').disabled = false;
    notify('error', `You are still signed in. ${error.message}`);
  }
}

function build() {
  return el('dialog', { id: 'login', class: 'login', 'aria-labelledby': 'h-login', closedby: 'none' },
    el('form', { id: 'login-form', method: 'dialog' },
      el('img', { src: '/favicon.svg', alt: '', width: 44, height: 44 }),
      el('h2', { id: 'h-login', text: 'This dashboard is protected' }),
      el('label', { for: 'login-password', text: 'Password' }),
      el('input', { type: 'text', name: 'username', value: 'dashboard', autocomplete: 'username', hidden: true }),
      el('input', { type: 'password', id: 'login-password', autocomplete: 'current-password', required: true }),
      el('p', { id: 'login-error', class: 'problem', role: 'alert' }),
      el('button', { type: 'submit', id: 'login-submit', class: 'primary', text: 'Sign in' })));
}

// There is nothing behind the form: no key and no gesture closes it. Browsers
// let the second Escape pass whatever the page says: it opens again.
export function startLogin() {
  const dialog = build();
  document.body.append(dialog);
  byId('login-form').addEventListener('submit', submit);
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && event.preventDefault());
  dialog.addEventListener('close', () => granted && show());
  byId('sign-out').addEventListener('click', signOut);
}
