// SPDX-License-Identifier: MIT
// tests: the list of all tests, newest first: which one is shown, which ones it
// is compared with, and the search among them.
import { apiGet } from './api.js';
import { curvesAtMost } from './curve.js';
import { byId, countOf, el, formatClock, formatValue, parseTime, setText } from './dom.js';
import { onNextFrame } from './frame.js';
import { notify } from './notices.js';

const perPage = 50;
const seekAfterMs = 250;
const tests = new Map();
let chosen = '';
let compared = [];
let wasTouched = false;
let next = null;
let sought = '';
let timer = 0;
let onChange = () => {};
let onError = () => {};

function badges(test) {
  return [
    test.simulated && el('span', { class: 'badge', text: 'simulated' }),
    test.warning && el('span', { class: 'badge wrong', text: 'wrong clock?' }),
    test.running && el('span', { class: 'badge live', text: 'running' }),
  ];
}

function percentText(test) {
  if (Number.isFinite(test.sv30_percent)) return `SV30 ${formatValue(test.sv30_percent)} %`;
  return test.running ? 'running' : 'not finished';
}

function row(test) {
  const { testId } = test;
  const box = el('input', {
    type: 'checkbox', 'aria-label': `Compare ${testId}`, on: { change: () => compare(testId, box) },
  });
  box.checked = compared.includes(testId);
  box.disabled = testId === chosen;
  const velocity = test.velocity_mm_per_min;
  return el('li', { 'data-id': testId },
    el('button', {
      type: 'button', class: 'show', 'aria-pressed': String(testId === chosen),
      on: { click: () => testChoose(testId) },
    },
    el('span', { class: 'who' }, el('strong', { text: testId }), ...badges(test)),
    el('span', { class: 'hint', text: `${test.testType ?? 'test'}, ${formatClock(parseTime(test.timestamp))}` }),
    el('span', { class: 'number', text: percentText(test) }),
    el('span', { class: 'hint number', text: Number.isFinite(velocity) ? `${formatValue(velocity)} mm/min` : '' })),
    el('label', { class: 'check' }, box, el('span', { text: 'Compare', 'aria-hidden': 'true' })));
}

const rows = new Map();

// A row is made again only when something in it has changed: heights come many
// times a second, and between two halves of a click it must stay.
function rowOf(test) {
  const { testId, testType, timestamp, running, simulated, warning, sv30_percent: sv30, velocity_mm_per_min: velocity } = test;
  const key = JSON.stringify([testType, timestamp, running, simulated, warning, sv30, velocity,
    testId === chosen, compared.includes(testId)]);
  const known = rows.get(testId);
  if (known?.key === key) return known.node;
  const node = row(test);
  rows.set(testId, { key, node });
  return node;
}

// Puts `nodes` into the list; the focus stays on the test where it was.
function place(nodes) {
  const list = byId('test-list');
  const isSame = nodes.length === list.children.length && nodes.every((node, i) => node === list.children[i]);
  if (isSame) return;
  const focused = document.activeElement?.closest?.('[data-id]')?.dataset.id;
  const wasBox = document.activeElement?.type === 'checkbox';
  list.replaceChildren(...nodes);
  if (focused) list.querySelector(`[data-id="${CSS.escape(focused)}"] ${wasBox ? 'input' : 'button'}`)?.focus();
}

const newestFirst = (a, b) => parseTime(b.timestamp) - parseTime(a.timestamp) || (a.testId < b.testId ? 1 : -1);

const matches = (test) => !sought ||
  `${test.testId} ${test.testType ?? ''} ${test.device}`.toLowerCase().includes(sought);

function render() {
  const found = [...tests.values()].filter(matches).sort(newestFirst);
  place(found.map(rowOf));
  byId('tests-empty').hidden = found.length > 0;
  setText(byId('tests-empty'), sought ? `No test matches “${sought}”.` : 'No test yet.');
  setText(byId('tests-count'), found.length ? `${countOf(found.length, 'test')}${next ? ' and more' : ''}` : '');
  byId('tests-more').hidden = !next;
}

// Until the reader chooses, the last three that came to their end.
function compareByItself() {
  if (wasTouched) return;
  compared = [...tests.values()].filter((test) => test.complete && test.testId !== chosen)
    .sort(newestFirst).slice(0, 3).map(({ testId }) => testId);
}

function compare(id, box) {
  wasTouched = true;
  if (box.checked && testsCompared().length >= curvesAtMost) {
    notify('info', `At most ${curvesAtMost} tests are compared: leave one out first.`);
    box.checked = false;
    return;
  }
  compared = box.checked ? [...compared, id] : compared.filter((one) => one !== id);
  render();
  onChange();
}

export const testsCompared = () => compared.filter((id) => id !== chosen);
export const testOf = (id) => tests.get(id);
export const testsKnown = () => tests.size;

// Shows this one; '' is the latest.
export function testChoose(id, quiet = false) {
  chosen = id;
  compareByItself();
  render();
  if (!quiet) onChange(id);
}

// What is new of a test.
export function testUpdate(id, fields) {
  tests.set(id, { device: '', ...tests.get(id), testId: id, ...fields });
  compareByItself();
  onNextFrame(render);
}

async function load(query) {
  const answer = await apiGet('/api/tests', { limit: perPage, q: sought, ...query });
  for (const test of answer.data) tests.set(test.testId, test);
  next = answer.next;
  compareByItself();
  render();
}

export const testsLoad = () => load({});

function seek() {
  sought = byId('tests-filter').value.trim().toLowerCase();
  render();
  clearTimeout(timer);
  timer = setTimeout(() => load({}).catch(onError), seekAfterMs);
}

export function startTests(changeHandler, errorHandler) {
  onChange = changeHandler;
  onError = errorHandler;
  byId('tests-filter').addEventListener('input', seek);
  byId('tests-more').addEventListener('click', () => load({ before: next }).catch(onError));
}
