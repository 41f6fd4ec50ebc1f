// SPDX-License-Identifier: MIT
// What nobody takes goes up: nurse, doctor, all; also over a kill -9. And who is
// not at a screen is told by webhook, text and mail, again until it is taken.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { admin, heard, hire, runSteps, startHospital, until } from './ward.mjs';

// A service that fails at first; what it took.
const taken = [];
let toFail = 2;
const service = http.createServer((req, res) => {
  let body = '';
  req.on('data', (bytes) => { body += bytes; });
  req.on('end', () => {
    if (toFail > 0) {
      toFail -= 1;
      res.writeHead(503).end();
      return;
    }
    taken.push({ url: req.url, body, signature: req.headers['x-signature'] });
    res.end('ok');
  });
});
await new Promise((done) => { service.listen(0, '127.0.0.1', done); });
const url = `http://127.0.0.1:${service.address().port}`;

// A server of mail, as far as RFC5321 3.3 goes.
const letters = [];
const post = net.createServer((line) => {
  let text = '', isData = false;
  line.write('220 fake\r\n');
  line.on('error', () => {});
  line.on('data', (bytes) => {
    text += bytes;
    for (;;) {
      const end = isData ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
      if (end < 0) return;
      const said = text.slice(0, end);
      text = text.slice(end + (isData ? 5 : 2));
      if (isData) {
        letters.push(said);
        isData = false;
        line.write('250 ok\r\n');
      } else if (/^DATA/i.test(said)) {
        isData = true;
        line.write('354 go on\r\n');
      } else if (/^QUIT/i.test(said)) {
        line.end('221 bye\r\n');
      } else {
        line.write('250 ok\r\n');
      }
    }
  });
});
await new Promise((done) => { post.listen(0, '127.0.0.1', done); });

const secret = 'shared with the pager';
const server = await startHospital({
  args: ['--escalate-to-doctor', '1500ms', '--escalate-to-all', '3s',
    '--webhook-url', `${url}/hook`, '--sms-url', `${url}/sms`, '--sms-to', '+4912345',
    '--smtp-url', `smtp://127.0.0.1:${post.address().port}`, '--mail-from', 'alerts@hospital.test',
    '--mail-to', 'doc@hospital.test head@hospital.test'],
  env: { PEAL_HOSPITAL_WEBHOOK_SECRET: secret },
});
const boss = await admin(server);
const doctor = await hire(boss, 'doc', 'doctor');
const nurse = await hire(boss, 'nina', 'nurse');

const make = async (severity, message) => (await nurse.must('POST', '/api/alerts',
  { patient_id: '7', severity, message })).id;

async function anAlertGoesUpOnceToEach() {
  const [first, second] = [await doctor.connect(), await nurse.connect()];
  const quiet = await make('warning', 'not critical');
  const acked = await make('critical', 'taken at once');
  await nurse.must('POST', `/api/alerts/${acked}/acknowledge`);
  const id = await make('critical', 'nobody comes');
  const up = await heard(first, 'alert_escalated', (e) => e.alert_id === id);
  assert.deepEqual([up.level, up.from, up.patient_id, up.alert.escalation], ['doctor', 'nurse', '7', 'doctor']);
  assert.ok(!second.seen.some(([n]) => n === 'alert_escalated'));
  const all = await heard(second, 'alert_escalated', (e) => e.alert_id === id);
  assert.deepEqual([all.level, all.from], ['all', 'doctor']);
  const levels = first.seen.filter(([n]) => n === 'alert_escalated').map(([, e]) => [e.alert_id, e.level]);
  assert.deepEqual(levels, [[id, 'doctor'], [id, 'all']]);
  assert.ok(!levels.some(([which]) => which === acked || which === quiet));
  const one = await doctor.must('GET', `/api/alerts/${id}`);
  assert.deepEqual(one.data.history.map((h) => h.action), ['alert', 'escalate', 'escalate']);
}

async function itGoesUpAfterAKill() {
  const id = await make('critical', 'and then the power went');
  await server.stop('SIGKILL');
  await server.start();
  const screen = await doctor.connect();
  await heard(screen, 'alert_escalated', (e) => e.alert_id === id && e.level === 'all');
  const one = await doctor.must('GET', `/api/alerts/${id}`);
  assert.deepEqual(one.data.history.map((h) => h.action), ['alert', 'escalate', 'escalate']);
}

async function whoIsNotThereIsTold() {
  // three critical ones so far, each three ways
  await until('all are taken', () => taken.length >= 6 && letters.length >= 3, 20000);
  const hooks = taken.filter((t) => t.url === '/hook');
  for (const { body, signature } of taken) {
    assert.equal(signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  }
  const messages = hooks.map((t) => JSON.parse(t.body).alert.message).sort();
  assert.deepEqual([...new Set(messages)], ['and then the power went', 'nobody comes', 'taken at once']);
  const texts = taken.filter((t) => t.url === '/sms').map((t) => JSON.parse(t.body));
  assert.ok(texts.some((t) => t.text === 'critical: patient 7: nobody comes' && t.to === '+4912345'));
  const letter = letters.find((l) => l.includes(Buffer.from('critical: patient 7: nobody comes').toString('base64').slice(0, 40)));
  assert.match(letter, /^From: alerts@hospital\.test\r$/m);
}

const closing = async () => { service.close(); post.close(); };
await runSteps([anAlertGoesUpOnceToEach, itGoesUpAfterAKill, whoIsNotThereIsTold, closing]);
