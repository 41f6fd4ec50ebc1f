// SPDX-License-Identifier: MIT
// login: asks for the dashboard password when the server wants one.
import { apiPost } from './api.js';
import { byId } from './dom.js';

let granted = null;

async function submit(event) {
  event.preventDefault();
  const button = byId('login-submit');
  button.disabled = true;
  byId('login-error').textContent = '';
  try {
    await apiPost('/api/login', { password: byId('login-password').value });
    byId('login-password').value = '';
    byId('login').close();
    granted();
  } catch (error) {
    byId('login-error').textContent = error.status === 401 || error.status === 403
      ? 'That password is not right.' : error.message;
    byId('login-password').select();
  } finally {
    button.disabled = false;
  }
}

// Opens the form (once, however often it is asked for); `then` runs when the
// server has let the reader in.
export function askPassword(then) {
  granted = then;
  const dialog = byId('login');
  if (dialog.open) return;
  dialog.showModal();
  byId('login-password').focus();
}

export function startLogin() {
  byId('login-form').addEventListener('submit', submit);
  byId('login').addEventListener('cancel', (event) => event.preventDefault());
}
