// SPDX-License-Identifier: MIT
// examples/kit_notes, as those who use it see it: one action by HTTP, with an
// acknowledgement and without; what is refused; what is stored and shown; pages,
// files; health, figures, the data folder of one.
//   node test_notes.mjs PROGRAM [workers]
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Program, runSteps, until } from '../common/program.mjs';

const args = ['--workers', process.argv[3] ?? '1'];
const server = await new Program({ args }).start();
const shown = [];
const watcher = await server.connect();
watcher.on('note_added', (note) => shown.push(note));
const post = async (body) => {
  const { status, json } = await server.post('/api/notes', body);
  return { status, json };
};

async function oneHandlerServesEveryWay() {
  assert.deepEqual(await post({ text: 'by HTTP' }), { status: 200, json: { status: 'success' } });
  const socket = await server.connect();
  assert.deepEqual(await socket.emitWithAck('add_note', { text: 'with ack', mood: 'good' }), { status: 'success' });
  socket.emit('add_note', { text: 'without ack' });
  await until('all are shown', () => shown.length === 3);
  assert.deepEqual(shown.map(({ text, mood }) => [text, mood]).sort(),
    [['by HTTP', null], ['with ack', 'good'], ['without ack', null]]);
}

async function wrongOnesAreRefusedAlike() {
  const socket = await server.connect();
  for (const [body, field, message] of [
    [{}, 'text', 'text is missing'],
    [{ text: '' }, 'text', 'text must not be empty'],
    [{ text: 'a\nb' }, 'text', 'text must be one line without control characters'],
    [{ text: 'ä'.repeat(201) }, 'text', 'text must be at most 200 characters long, not 201'],
    [{ text: 'x', mood: 'fair' }, 'mood', 'mood must be one of: good bad'],
    [{ text: 'x', other: 1 }, undefined, 'has a field that is not known: other'],
    [[1], undefined, 'expected an object, not array']]) {
    const { status, json } = await post(body);
    assert.equal(status, 422);
    const want = { status: 'error', message, ...(field && { field }) };
    assert.deepEqual(json, want);
    assert.deepEqual(await socket.emitWithAck('add_note', body), want);
  }
  assert.equal((await server.get('/api/notes/count')).json.data.notes, 3, 'none of them was stored');
  assert.equal(shown.length, 3, 'none of them was shown');
}

async function anAnswerMayComeLater() {
  const socket = await server.connect();
  const want = { status: 'success', data: { notes: 3 } };
  assert.deepEqual((await server.get('/api/notes/count')).json, want);
  assert.deepEqual(await socket.emitWithAck('count_notes'), want);
  socket.emit('count_notes'); // nobody waits for it
  // one that leaves before its answer
  for (let i = 0; i < 20; i += 1) {
    const gone = await server.connect();
    gone.emit('count_notes', () => {});
    gone.disconnect();
  }
  assert.deepEqual((await server.get('/api/notes/count')).json, want);
}

async function historyComesByPagesAndAsAFile() {
  const seen = [];
  for (let before = ''; before !== null;) {
    const { json } = await server.get(`/api/notes?limit=2&before=${before}`);
    seen.push(...json.data.map(({ text }) => text));
    before = json.next;
  }
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen).size, 3);
  const csv = (await server.get('/api/notes/file')).text.split('\r\n');
  assert.equal(csv[0], 'timestamp,text,mood');
  assert.equal(csv.length, 5, 'a head, three rows, the end');
  const rows = (await server.get('/api/notes/file?format=json')).json;
  assert.deepEqual(rows.map(({ text }) => text).sort(), ['by HTTP', 'with ack', 'without ack']);
}

async function theProgramTellsHowItIs() {
  const health = (await server.get('/health')).json;
  assert.equal(health.status, 'ok');
  assert.equal(health.database, true);
  const { text } = await server.get('/metrics');
  for (const action of ['closed', 'dropped_newest', 'dropped_oldest', 'conflated', 'dropped_volatile']) {
    assert.match(text, new RegExp(`notes_queue_policy_total\\{action="${action}"\\} 0\n`));
  }
  assert.match(text, /notes_rate_limited_total 0\n/);
  assert.match(text, /notes_slow_handlers_total \d+\n/);
  assert.match(text, /notes_clients\{transport="websocket"\} \d/);
  assert.match(text, /notes_store_writes_total \d/);
}

async function aSecondOneSaysThatTheFolderIsInUse() {
  const second = new Program({ args, dataDir: server.dataDir });
  await assert.rejects(second.start(), /is in use by another kit_notes/);
  assert.doesNotMatch(second.output, /listening|reachable/);
  assert.match(server.output, /listening on http/);
}

async function notesOutliveAKill() {
  await server.stop('SIGKILL');
  await server.start();
  assert.equal((await server.get('/api/notes/count')).json.data.notes, 3);
  await server.stop();
  assert.ok(fs.existsSync(path.join(server.dataDir, 'access.log')), 'requests have a log of their own');
}

async function everythingIsBehindThePassword() {
  const closed = await new Program({ args, env: { KIT_NOTES_DASHBOARD_PASSWORD: 'let me in' } }).start();
  for (const where of ['/api/notes', '/api/notes/count', '/api/notes/file', '/metrics']) {
    assert.equal((await closed.get(where)).status, 401, where);
  }
  assert.equal((await closed.post('/api/notes', { text: 'x' })).status, 401);
  await assert.rejects(closed.connect(), (error) => error.data.code === 'unauthorized');
  const socket = await closed.connect({ auth: { password: 'let me in' } });
  assert.equal((await socket.emitWithAck('add_note', { text: 'x' })).status, 'success');
  await closed.stop();
}

await runSteps([oneHandlerServesEveryWay, wrongOnesAreRefusedAlike, anAnswerMayComeLater,
  historyComesByPagesAndAsAFile, theProgramTellsHowItIs, aSecondOneSaysThatTheFolderIsInUse,
  notesOutliveAKill, everythingIsBehindThePassword]);
