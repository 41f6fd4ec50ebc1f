// SPDX-License-Identifier: MIT
// sign_in: the sign-in page: into an account, or a new one. What is wrong
// stands at the field that is wrong.
import { apiGet, apiPost } from './js/api.js';
import { byId, setText } from './js/dom.js';
import { personIsLikely, personRenew, personTake } from './js/person.js';
import { startTheme } from './js/theme.js';

const asked = new URLSearchParams(location.search);
const whys = {
  expired: 'Your session has ended. Please sign in again.',
  out: 'You are signed out.',
};
const words = {
  login: { title: 'Sign in', button: 'Sign in', busy: 'Signing in…' },
  register: { title: 'New account', button: 'Make the account', busy: 'Making the account…' },
};
const leastPassword = 8;

let mode = 'login';

// Only to pages of our own, whatever the address says.
const enter = () => location.replace(asked.get('next') === 'vitals' ? '/vitals.html' : '/chat.html');

function problem(field, text) {
  const isField = field === 'username' || field === 'password';
  setText(byId(isField ? `${field}-problem` : 'form-problem'), text);
  if (!isField) return;
  byId(field).setAttribute('aria-invalid', 'true');
  byId(field).focus();
}

function clear() {
  for (const field of ['username', 'password']) {
    byId(field).removeAttribute('aria-invalid');
    setText(byId(`${field}-problem`), '');
  }
  setText(byId('form-problem'), '');
}

// What can be told without asking the server.
function check(username, password) {
  if (!username) return ['username', 'Please enter your user name.'];
  if (!password) return ['password', 'Please enter your password.'];
  const isShort = mode === 'register' && [...password].length < leastPassword;
  return isShort ? ['password', `At least ${leastPassword} characters, please.`] : null;
}

function meaning(error) {
  if (error.status === 401 || error.status === 403) return ['', 'User name and password do not belong together.'];
  if (error.status === 409) return ['username', 'This user name is taken. Please choose another.'];
  if (error.status === 429) return ['', 'Too many tries. Please wait a minute and try again.'];
  return [error.field, error.message];
}

async function submit(event) {
  event.preventDefault();
  clear();
  const body = { username: byId('username').value.trim(), password: byId('password').value };
  const wrong = check(body.username, body.password);
  if (wrong) return problem(...wrong);
  const button = byId('sign-in-submit');
  button.disabled = true;
  setText(button, words[mode].busy);
  try {
    personTake(await apiPost(`/api/${mode}`, body));
    byId('password').value = '';
    enter();
  } catch (error) {
    problem(...meaning(error));
    if (error.status === 401) byId('password').select();
  } finally {
    button.disabled = false;
    setText(button, words[mode].button);
  }
  return undefined;
}

function choose(newMode) {
  mode = newMode;
  clear();
  const isNew = mode === 'register';
  setText(byId('h-form'), words[mode].title);
  setText(byId('sign-in-submit'), words[mode].button);
  byId('password').autocomplete = isNew ? 'new-password' : 'current-password';
  byId('password-hint').hidden = !isNew;
  for (const one of ['login', 'register']) {
    byId(`mode-${one}`).setAttribute('aria-pressed', String(one === mode));
  }
}

function showPassword() {
  const shown = byId('password').type === 'password';
  byId('password').type = shown ? 'text' : 'password';
  setText(byId('password-show'), shown ? 'Hide' : 'Show');
  byId('password-show').setAttribute('aria-pressed', String(shown));
}

function sayWhy() {
  const why = whys[asked.get('why')];
  byId('why').hidden = !why;
  setText(byId('why'), why ?? '');
}

// Who is signed in already need not do it again.
async function pass() {
  if (asked.has('why') || !personIsLikely()) return;
  try {
    await personRenew();
    enter();
  } catch {
    // Then the form it is.
  }
}

// Where devices are simulated there is an account to look at them.
async function sayDemo() {
  try {
    byId('demo').hidden = (await apiGet('/health')).simulated !== true;
  } catch {
    // Without an answer nothing is promised.
  }
}

startTheme();
sayWhy();
sayDemo();
byId('sign-in-form').addEventListener('submit', submit);
byId('password-show').addEventListener('click', showPassword);
for (const button of document.querySelectorAll('[data-mode]')) {
  button.addEventListener('click', () => choose(button.dataset.mode));
}
byId('username').focus();
pass();
