// SPDX-License-Identifier: MIT
// program: an application under test: started on a free port and a fresh data
// folder, asked over HTTP and Socket.IO, stopped by its process id.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const binary = path.resolve(process.argv[2] ??
  path.join(process.env.PEAL_BIN ?? 'build/release/bin', 'peal-esp32'));
export const isSlow = Boolean(process.env.PEAL_SANITIZE);
// What every program answers when it is there, whoever asks.
const ready = path.basename(binary) === 'peal-esp32' ? '/api/oled-display/get' : '/health';
const { io } = createRequire(import.meta.url)(path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  '../../../node_modules/socket.io-client'));

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

export async function until(what, check, limitMs = 10000) {
  const end = performance.now() + limitMs * (isSlow ? 4 : 1);
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

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-app-'));
const running = new Set();
process.once('exit', () => { for (const child of running) child.kill('SIGKILL'); });
let count = 0;

export const newFolder = () => path.join(folder, `data-${count += 1}`);

export class Program {
  constructor({ args = [], env = {}, dataDir = newFolder(), wrap = [] } = {}) {
    Object.assign(this, { args, env, dataDir, wrap, output: '', sockets: [] });
  }

  spawn() {
    const command = [...this.wrap, binary, '--port', String(this.port),
      '--data-dir', this.dataDir, '--host', '127.0.0.1', ...this.args];
    this.child = spawn(command[0], command.slice(1),
      { env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (bytes) => { this.output += bytes; });
    }
    this.gone = new Promise((done) => {
      this.child.once('close', (code, signal) => {
        running.delete(this.child);
        done({ code, signal });
      });
    });
  }

  async start() {
    this.port ??= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    this.spawn();
    await until('it answers', async () => {
      assert.equal(this.child.exitCode, null, `it ended at once: ${this.output}`);
      try {
        return (await fetch(this.url + ready)).ok;
      } catch {
        return false;
      }
    }, 15000);
    return this;
  }

  async stop(signal = 'SIGTERM') {
    for (const socket of this.sockets.splice(0)) socket.disconnect();
    if (!running.has(this.child)) return this.gone;
    this.child.kill(signal);
    const forced = setTimeout(() => this.child.kill('SIGKILL'), isSlow ? 30000 : 8000);
    const how = await this.gone;
    clearTimeout(forced);
    if (signal === 'SIGTERM') assert.deepEqual(how, { code: 0, signal: null }, this.output);
    return how;
  }

  // {status, headers, text, json}
  async ask(method, where, { body, type, headers = {} } = {}) {
    const response = await fetch(this.url + where, {
      method, body, redirect: 'manual',
      headers: { ...(type ? { 'Content-Type': type } : {}), ...headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      // not every answer is JSON
    }
    return { status: response.status, headers: response.headers, bytes, text, json };
  }

  get(where, headers) {
    return this.ask('GET', where, { headers });
  }

  post(where, body, options = {}) {
    const isBytes = Buffer.isBuffer(body) || typeof body === 'string';
    return this.ask('POST', where, {
      body: isBytes ? body : JSON.stringify(body),
      type: isBytes ? undefined : 'application/json', ...options,
    });
  }

  // A connected client that remembers its events: socket.seen.
  async connect(options = {}) {
    const socket = io(this.url, { forceNew: true, reconnection: false, ...options });
    this.sockets.push(socket);
    socket.seen = [];
    socket.onAny((name, ...args) => socket.seen.push([name, ...args]));
    await new Promise((done, fail) => {
      socket.once('connect', done);
      socket.once('connect_error', fail);
    });
    return socket;
  }
}

export const heard = (socket, name, test = () => true) =>
  until(`the event ${name}`, () => socket.seen.find(([n, data]) => n === name && test(data))?.[1]);

export function runOnce(args, env = {}) {
  return spawnSync(binary, args, { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60000 });
}

// Runs named steps in order and ends the process.
export async function runSteps(steps) {
  let failed = 0;
  for (const step of steps) {
    const name = step.name.replace(/([A-Z])/g, ' $1').toLowerCase();
    const began = performance.now();
    try {
      await step();
      console.log(`ok - ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${name}\n  ${error.stack.trim().replaceAll(/\n+/g, "\n  ")}`);
    }
  }
  for (const child of running) child.kill('SIGKILL');
  try {
    fs.rmSync(folder, { recursive: true, force: true });
  } catch {
    // a mount in it that a failed step has left
  }
  process.exit(failed ? 1 : 0);
}

// Change the store of a program that does not run.
export function changeStore(dataDir, file, sql) {
  const script = 'import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute(sys.argv[2])\ndb.commit()';
  const done = spawnSync('python3', ['-c', script, path.join(dataDir, file), sql], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
}
