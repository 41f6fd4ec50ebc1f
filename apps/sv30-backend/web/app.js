// SPDX-License-Identifier: MIT
// app: joins the parts. Messages of the server go to the parts that show
// them; after every (re)connection a snapshot over HTTP fills what was missed.
import { apiGet } from './js/api.js';
import { startBar } from './js/bar.js';
import { connectionAnswers } from './js/connection.js';
import { curvePush, curvesShow, startCurve } from './js/curve.js';
import { byId, setServerTime, setText } from './js/dom.js';
import { keysKnow, startKeys } from './js/keys.js';
import { startLogin } from './js/login.js';
import { notify } from './js/notices.js';
import { nowFresh, nowShow } from './js/now.js';
import { partsAreMissing, sessionReport, startSession } from './js/session.js';
import { startTests, testChoose, testOf, testsCompared, testsKnown, testsLoad, testUpdate } from './js/tests.js';
import { startTheme } from './js/theme.js';

const curvePoints = 600;
// Curves of tests that are over do not change: asked for once.
const finished = new Map();
const keepFinished = 40;

let shownId = '';
let isFollowing = true;
let round = 0;

// --- curves -----------------------------------------------------------------

// Measured heights, with the results where no height was measured.
function pointsOf(test, heights) {
  const points = heights.map((one) => [one.t_s, one.height_mm]);
  const has = (from, to) => points.some(([t]) => t >= from && t <= to);
  if (test.start && !has(0, 5)) points.unshift([0, test.start.sludge_height_mm]);
  if (test.end && !has(1795, 1805)) points.push([1800, test.end.sludge_height_mm]);
  return points.sort((a, b) => a[0] - b[0]);
}

async function curveOf(id) {
  if (finished.has(id)) return finished.get(id);
  const { data: test, heights } = await apiGet(`/api/tests/${encodeURIComponent(id)}`, { limit: curvePoints });
  testUpdate(id, test);
  const curve = {
    id, points: pointsOf(test, heights), mixture: (test.end ?? test.start)?.mixture_height_mm,
    sv30: test.sv30_percent, velocity: test.velocity_mm_per_min,
  };
  if (test.complete) finished.set(id, curve);
  if (finished.size > keepFinished) finished.delete(finished.keys().next().value);
  return curve;
}

// Draws what is chosen; of two that overlap the later counts.
async function showCurves() {
  const mine = round += 1;
  if (!shownId) return curvesShow([]);
  const curves = await Promise.all([shownId, ...testsCompared()].map(curveOf));
  if (mine !== round) return undefined;
  const [first] = curves;
  curvesShow([{ ...first, points: [...first.points] }, ...curves.slice(1)]);
  nowShow(testOf(shownId), connectionAnswers());
  return undefined;
}

function show(id) {
  shownId = id;
  testChoose(id, true);
  byId('follow').hidden = isFollowing;
  const link = byId('export-test');
  link.hidden = !id;
  if (id) link.href = `/api/tests/${encodeURIComponent(id)}.csv`;
  return showCurves();
}

// The reader chose a test, or which ones to compare it with.
function onChosen(id) {
  if (id !== undefined) isFollowing = false;
  (id === undefined ? showCurves() : show(id)).catch(sessionReport);
}

// --- what comes ---------------------------------------------------------------

async function snapshot() {
  const { test } = await apiGet('/api/current');
  finished.clear();
  await testsLoad();
  showEmpty();
  const id = isFollowing ? test?.testId ?? '' : shownId;
  if (test) testUpdate(test.testId, test);
  await show(id);
}

function showEmpty() {
  byId('connect').hidden = testsKnown() > 0;
}

const waiting = new Map(); // results by test, the newest of each
let isAsking = false;

async function showResult(result) {
  const id = result.testId;
  const isNew = !testOf(id)?.start && !testOf(id)?.end;
  finished.delete(id);
  const { data } = await apiGet(`/api/tests/${encodeURIComponent(id)}`, { limit: 1 });
  testUpdate(id, data);
  showEmpty();
  if (result.warning) notify('error', `${id}: ${result.warning}.`);
  if (isFollowing && (isNew || result.t_min === 0)) await show(id);
  else if (id === shownId || testsCompared().includes(id)) await showCurves();
}

// A result has come: of a new test, or of one that is known. A device that was
// cut off for long sends many: one is asked for at a time.
async function onResult(result) {
  if (typeof result?.testId !== 'string') return;
  waiting.set(result.testId, result);
  if (isAsking) return;
  isAsking = true;
  try {
    while (waiting.size > 0) {
      const [next] = waiting.values();
      waiting.delete(next.testId);
      await showResult(next);
    }
  } catch (error) {
    waiting.clear();
    sessionReport(error);
  } finally {
    isAsking = false;
  }
}

// An object, or behind the bare number of an old device.
function onHeight(first, second) {
  const said = typeof first === 'object' && first ? first : second;
  if (!said || !Number.isFinite(said.height_mm) || typeof said.testId !== 'string') return;
  const { testId: id, t_s: t, height_mm: mm } = said;
  const isNew = !testOf(id);
  const known = testOf(id) ?? { timestamp: new Date(Date.now() - t * 1000).toISOString(), simulated: said.simulated };
  const isLatest = t >= (known.last_t_s ?? 0);
  testUpdate(id, { ...known, running: !known.complete, ...(isLatest && { last_t_s: t, last_height_mm: mm }) });
  showEmpty();
  if (isNew && isFollowing) {
    show(id).catch(sessionReport);
  } else if (id === shownId) {
    curvePush(t, mm);
    nowShow(testOf(id), true);
  }
}

const events = {
  connection_response: ({ server_time: time }) => setServerTime(time),
  'sludge-data-update': onResult,
  'sludge-height-update': onHeight,
};

// --- connection -------------------------------------------------------------

function showLive(live) {
  setText(byId('curve-time'), live ? '' : 'not live');
  nowFresh(live);
}

function explain(status) {
  setText(byId('connect-python'), `import socketio
device = socketio.Client()
device.connect("${location.origin}"${status.keys_required ? ', auth={"api_key": "…"}' : ''})
print(device.call("sludge-data", {
    "testId": "SV30-2026-01-31-001-M", "testType": "morning",
    "timestamp": "2026-01-31T03:30:00.000Z", "t_min": 0,
    "sludge_height_mm": 300, "mixture_height_mm": 300}))`);
  setText(byId('connect-note'), `Hours of the day are those of ${status.timezone}.` +
    `${status.keys_required ? ' Devices need a key: peal-sv30-backend --add-device-key NAME makes one.' : ''}`);
}

function knows(status) {
  keysKnow(status);
  explain(status);
}

async function catchUp() {
  await snapshot();
  return 'Connected again; what came meanwhile is here.';
}

function startAll() {
  startBar();
  startTheme();
  startLogin();
  startCurve();
  startTests(onChosen, sessionReport);
  startKeys();
  nowShow(null, true);
  byId('follow').addEventListener('click', () => {
    isFollowing = true;
    snapshot().catch(sessionReport);
  });
  startSession({ events, snapshot: catchUp, live: showLive, knows, options: { auth: { role: 'dashboard' } } });
}

if (!partsAreMissing('io', 'uPlot')) startAll();
