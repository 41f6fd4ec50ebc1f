// SPDX-License-Identifier: MIT
// care_page: how a page of someone who is signed in begins: the header, a
// token, then the connection; and what the server says of its own parts.
import { apiGet } from './api.js';
import { careBarKnows, startCareBar } from './care_bar.js';
import { byId } from './dom.js';
import { personEnded, personRenew } from './person.js';
import { partsAreMissing } from './session.js';
import { socketOpen } from './socket.js';
import { stripSay } from './strip.js';
import { startTheme } from './theme.js';

const lookEveryMs = 30000;
const lookSoonMs = 5000;
const againMs = 3000;

const isWell = (told) => told === undefined || told === true || /^(ok|healthy|built-in)$/.test(told);

// What /health says of a part, in a sentence; '' while it is well.
const sentences = {
  store: () => 'The server cannot keep anything at the moment.',
  model: (told) => `The language model is not well${typeof told === 'string' ? ` (${told})` : ''}: built-in answers stand in.`,
};

let timer = 0;

async function look() {
  let told = {};
  try {
    told = await apiGet('/health');
  } catch (error) {
    if (error.status !== 503) return true; // the connection's own line says that
    told = { database: false };
  }
  const parts = { store: told.database, model: told.model, ...told.parts };
  for (const [name, sentence] of Object.entries(sentences)) {
    stripSay(name, isWell(parts[name]) ? '' : sentence(parts[name]));
  }
  return Object.keys(sentences).every((name) => isWell(parts[name]));
}

function lookAgain(afterMs) {
  clearTimeout(timer);
  timer = setTimeout(careHealth, afterMs);
}

// Asks the server how its parts are, says so while one is not well, and asks
// again by itself: soon when there is a doubt, as the server may notice later
// than who asked for something.
export async function careHealth({ isInDoubt = false } = {}) {
  lookAgain(lookEveryMs);
  if (document.hidden) return;
  if (!await look() || isInDoubt) lookAgain(lookSoonMs);
}

function begin(events, on) {
  stripSay('session', '');
  careBarKnows();
  byId('main').hidden = false;
  socketOpen(events, on);
  careHealth();
}

// A token first: without one there is nothing to connect to.
async function enter(events, on) {
  try {
    await personRenew();
  } catch (error) {
    if (error.status === 401) return personEnded();
    stripSay('session', `${error.message} Trying again…`);
    return void setTimeout(enter, againMs, events, on);
  }
  return begin(events, on);
}

// Opens `page` with these events and handlers, see socket.js; `parts` are more
// of what must have been loaded.
export function startCarePage(page, events, on, ...parts) {
  startCareBar(page);
  startTheme();
  if (!partsAreMissing('io', ...parts)) enter(events, on);
}
