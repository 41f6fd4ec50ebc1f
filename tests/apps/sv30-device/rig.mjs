// SPDX-License-Identifier: MIT
// rig: a device, a backend, and between them a way that can be cut, slowed and
// stopped. Processes are ended by their ids.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const deviceBinary = path.resolve(process.argv[2]);
export const backendBinary = process.argv[3] ? path.resolve(process.argv[3]) : null;
const slow = process.env.PEAL_SANITIZE ? 4 : 1;
const here = import.meta.dirname;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-sv30-'));
const running = new Set();
let count = 0;

if (!fs.existsSync(path.join(here, '../../e2e/node_modules/socket.io'))) {
  console.log('the packages of tests/e2e are not installed');
  process.exit(77);
}

export const newFolder = (name) => {
  const made = path.join(folder, `${name}-${count += 1}`);
  fs.mkdirSync(made, { recursive: true });
  return made;
};

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

export async function until(what, check, limitMs = 30000) {
  const end = performance.now() + limitMs * slow;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(20);
  }
}

export async function freePort() {
  const probe = net.createServer();
  await new Promise((done) => { probe.listen(0, '127.0.0.1', done); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return port;
}

// The same dice for the same seed.
export function dice(seed) {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * sides);
  };
}

export class Process {
  constructor(command, args, env = {}) {
    this.output = '';
    this.child = spawn(command, args,
      { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (bytes) => { this.output += bytes; });
    }
    this.gone = new Promise((done) => {
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        this.code = code ?? signal;
        done(this.code);
      });
    });
  }

  kill(signal = 'SIGKILL') {
    if (this.code === undefined) this.child.kill(signal);
    return this.gone;
  }
}

export class Device extends Process {
  constructor(url, dataDir, args = [], env = {}) {
    super(deviceBinary, ['--url', url, '--data-dir', dataDir,
      '--ack-timeout', '2s', ...args], env);
    this.dataDir = dataDir;
  }

  says(text, limitMs) {
    return until(`the device says "${text}":\n${this.output}`,
      () => this.output.includes(text), limitMs);
  }
}

export const lines = (file) => (fs.existsSync(file)
  ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l))
  : []);

// The stand-in: what it stored and what arrived is in files.
export class StandIn {
  constructor(port, { key } = {}) {
    Object.assign(this, { port, key, folder: newFolder('backend') });
  }

  async start() {
    this.process = new Process(process.execPath, [path.join(here, 'backend.mjs'),
      String(this.port), this.folder, ...(this.key ? [this.key] : [])]);
    await until('the backend listens', () => this.process.output.includes('backend:'));
  }

  kill(signal) { return this.process.kill(signal); }

  stored() { return lines(path.join(this.folder, 'stored.jsonl')); }

  arrived() { return lines(path.join(this.folder, 'arrived.jsonl')); }

  heights() { return lines(path.join(this.folder, 'heights.jsonl')); }

  async results(id) { return this.stored().filter((r) => r.testId === id); }
}

// The real one.
export class Backend {
  constructor(port) { Object.assign(this, { port, folder: newFolder('backend') }); }

  async start() {
    this.process = new Process(backendBinary, ['--port', String(this.port),
      '--host', '127.0.0.1', '--data-dir', this.folder,
      '--web-dir', path.join(here, '../../../apps/sv30-backend/web')]);
    await until(`the backend is there:\n${this.process.output}`, async () => {
      try {
        return (await fetch(`http://127.0.0.1:${this.port}/health`)).ok;
      } catch {
        assert.equal(this.process.code, undefined, this.process.output);
        return false;
      }
    });
  }

  kill(signal) { return this.process.kill(signal); }

  async results(id) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/tests/${id}`);
    if (answer.status === 404) return [];
    assert.equal(answer.status, 200);
    const { data } = await answer.json();
    return [data.start, data.end].filter(Boolean);
  }
}

// What stands between: passes bytes on, until it is told not to.
export class Way {
  constructor(toPort) {
    Object.assign(this, { toPort, pairs: new Set(), mode: 'open' });
  }

  async open() {
    this.server = net.createServer((from) => this.pass(from));
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  pass(from) {
    const to = net.connect(this.toPort, '127.0.0.1');
    const pair = [from, to];
    const end = () => { pair.forEach((s) => s.destroy()); this.pairs.delete(pair); };
    this.pairs.add(pair);
    if (this.mode === 'shut') end();
    for (const [one, other] of [[from, to], [to, from]]) {
      one.on('error', end);
      one.on('close', end);
      one.on('data', (bytes) => {
        if (this.mode === 'still') return; // taken, and gone
        if (!other.destroyed) other.write(bytes);
      });
    }
  }

  cut() {
    for (const pair of [...this.pairs]) pair.forEach((s) => s.destroy());
  }

  close() {
    this.cut();
    this.server.close();
  }
}

const cases = [];
export const test = (name, run) => cases.push({ name, run });

export async function runAll() {
  let failed = 0;
  for (const { name, run } of cases) {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${name}\n${error.stack}`);
    }
    for (const child of running) child.kill('SIGKILL');
  }
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(failed ? 1 : 0);
}
