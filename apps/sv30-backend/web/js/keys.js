// SPDX-License-Identifier: MIT
// keys: which devices have a key, for who is signed in: made here, shown once,
// revoked here.
import { apiDelete, apiGet, apiPost } from './api.js';
import { byId, el, formatClock, parseTime, setText } from './dom.js';
import { notify } from './notices.js';

function item({ device_id: id, changed, revoked }) {
  return el('li', {}, el('strong', { text: id }),
    el('span', { class: 'hint', text: `${revoked ? 'revoked' : 'made'} ${formatClock(parseTime(changed))}` }),
    !revoked && el('button', {
      type: 'button', class: 'small', text: 'Revoke', 'aria-label': `Revoke the key of ${id}`,
      on: { click: () => revoke(id) },
    }));
}

async function load() {
  const { data } = await apiGet('/api/device-keys');
  byId('key-list').replaceChildren(...data.map(item));
}

async function revoke(id) {
  try {
    await apiDelete(`/api/device-keys/${encodeURIComponent(id)}`);
    notify('good', `The key of ${id} is revoked: it cannot write any more.`);
    await load();
  } catch (error) {
    notify('error', error.message);
  }
}

async function make(event) {
  event.preventDefault();
  try {
    const { device_id: id, device_key: key } = await apiPost('/api/device-keys', { device_id: byId('keys-device').value.trim() });
    byId('keys-fresh').hidden = false;
    byId('keys-fresh').replaceChildren(`The key of ${id}, shown only now: `, el('code', { text: key }));
    byId('keys-form').reset();
    await load();
  } catch (error) {
    notify('error', error.message);
  }
}

// An answer of /status.
export function keysKnow(status) {
  byId('keys').hidden = !status.password_needed;
  setText(byId('keys-note'), status.keys_required
    ? 'Only devices with a key may write.' : 'Keys are not required: devices without one may write, too.');
  if (status.password_needed) load().catch((error) => notify('error', error.message));
}

export function startKeys() {
  byId('keys-form').addEventListener('submit', make);
}
