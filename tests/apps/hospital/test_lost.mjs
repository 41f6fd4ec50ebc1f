// SPDX-License-Identifier: MIT
// No alert is lost: screens drop and return at random, the program is killed in
// the middle, and in the end each screen has each alert exactly once.
import assert from 'node:assert/strict';
import { admin, hire, isSlow, runSteps, send, sleep, startHospital, until } from './ward.mjs';

const SCREENS = isSlow ? 12 : 50;
const ALERTS = isSlow ? 100 : 400;
const server = await startHospital({
  args: ['--workers', '2', '--person-rate', '100000', '--person-burst', '100000'],
});
const boss = await admin(server);
const doctor = await hire(boss, 'doc', 'doctor');
const nurse = await hire(boss, 'nina', 'nurse');

// Seeded, so that a run can be had again.
let seed = Number(process.env.SEED ?? 7);
const dice = (n) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor(seed / 65536) % n;
};

// A program that is killed behind the handshake answers nothing more.
const soon = (promise) => Promise.race([promise, sleep(3000).then(() => { throw new Error('no answer'); })]);

// A screen as the page has it: by id, the greatest ids as its cursor.
class Screen {
  constructor() {
    this.alerts = new Map();
    this.last = new Map();
    this.twice = 0;
  }

  take(alert, isLive) {
    if (isLive && this.live.has(alert.id)) this.twice += 1;
    if (isLive) this.live.add(alert.id);
    this.alerts.set(alert.id, alert);
    const node = alert.id % 1048576;
    this.last.set(node, Math.max(this.last.get(node) ?? 0, alert.id));
  }

  get cursor() {
    return this.last.size > 0 ? [...this.last.values()] : 0;
  }

  async catchUp(socket) {
    for (;;) {
      const { alerts, more, status } = await send(socket, 'get_missed_alerts', { last_alert_id: this.cursor, limit: 100 });
      assert.equal(status, 'success');
      for (const alert of alerts) this.take(alert, false);
      if (!more) return;
    }
  }

  async come() {
    this.live = new Set();
    this.socket = await soon(nurse.connect());
    // what comes meanwhile waits: the cursor stands for all before it
    const waiting = [];
    let isReady = false;
    const take = (alert) => (isReady ? this.take(alert, true) : waiting.push(alert));
    this.socket.on('patient_alert', take);
    await this.catchUp(this.socket);
    isReady = true;
    for (const alert of waiting) this.take(alert, true);
  }

  // Until it is in.
  async comeBack() {
    for (let i = 0; i < 200; i += 1) {
      try {
        await this.come();
        return;
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        this.socket?.disconnect();
        await sleep(50);
      }
    }
    throw new Error('it cannot come back');
  }

  drop() {
    if (dice(2) === 0) this.socket.io.engine.close();
    else this.socket.disconnect();
  }
}

const screens = [];
const acknowledged = new Set();

async function makeAlerts() {
  let tries = 0;
  for (let n = 0; n < ALERTS;) {
    try {
      const { json, status } = await doctor.post('/api/alerts',
        { patient_id: String(n % 9), severity: n % 50 === 0 ? 'critical' : 'info', message: `alert ${n}` });
      if (status === 201) {
        acknowledged.add(json.id);
        n += 1;
        continue;
      }
      throw new Error(`${status}`);
    } catch (error) {
      tries += 1;
      assert.ok(tries < 500, `it does not come back: ${error.message}`);
      await sleep(50);
    }
  }
}

let isOver = false;
async function dropAtRandom() {
  while (!isOver) {
    const screen = screens[dice(screens.length)];
    if (!screen.isBusy) {
      screen.isBusy = true;
      screen.drop();
      await sleep(dice(30));
      await screen.comeBack();
      screen.isBusy = false;
    }
    await sleep(dice(20));
  }
}

async function killTwice() {
  for (let i = 0; i < 2; i += 1) {
    await until('some alerts', () => acknowledged.size > (i + 1) * ALERTS / 3, 60000);
    server.sockets.length = 0; // they find out by themselves
    await server.stop('SIGKILL');
    await server.start();
    for (const screen of screens) {
      if (screen.socket.connected || screen.isBusy) continue;
      screen.isBusy = true;
      await screen.comeBack();
      screen.isBusy = false;
    }
  }
}

async function eachScreenHasEachAlertOnce() {
  for (let i = 0; i < SCREENS; i += 1) {
    screens.push(new Screen());
    await screens[i].come();
  }
  const dropping = [dropAtRandom(), dropAtRandom(), dropAtRandom()];
  await Promise.all([makeAlerts(), killTwice()]);
  isOver = true;
  await Promise.all(dropping);
  for (const screen of screens) if (!screen.socket.connected) await screen.comeBack();
  const stored = [];
  for (let cursor = ''; cursor !== null;) {
    const page = await doctor.must('GET', `/api/alerts?limit=500${cursor && `&cursor=${cursor}`}`);
    stored.push(...page.data);
    cursor = page.next;
  }
  const ids = stored.map((a) => a.id).sort((a, b) => a - b);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of acknowledged) assert.ok(ids.includes(id), `acknowledged, and gone: ${id}`);
  await until('every screen has them', () => screens.every((s) => s.alerts.size >= ids.length), 10000)
    .catch(() => {});
  for (const screen of screens) {
    assert.deepEqual([...screen.alerts.keys()].sort((a, b) => a - b), ids);
    assert.equal(screen.twice, 0);
  }
  console.log(`# ${SCREENS} screens have ${ids.length} alerts each, ${acknowledged.size} acknowledged`);
}

const itEnds = () => server.stop();
await runSteps([eachScreenHasEachAlertOnce, itEnds]);
