// SPDX-License-Identifier: MIT
// harness: servers under test, the browser, and a list of named steps.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { chromium } from 'playwright-core';

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

export async function freePort() {
  const probe = net.createServer();
  await new Promise((done) => { probe.listen(0, '127.0.0.1', done); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return port;
}

// Waits until `check` gives something truthy and returns it.
export async function until(what, check, limitMs = 10000) {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(20);
  }
}

// One server process on its own port and data directory; it can be killed and
// started again on both.
export class ServerUnderTest {
  constructor(command, dataDir, { args = [], env = {}, health = '/api/health' } = {}) {
    Object.assign(this, { command, dataDir, args, env, health, child: null });
  }

  async start() {
    this.port ??= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    fs.mkdirSync(this.dataDir, { recursive: true });
    const [program, ...first] = this.command;
    this.child = spawn(program,
      [...first, '--port', String(this.port), '--data-dir', this.dataDir, ...this.args],
      { env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = fs.createWriteStream(`${this.dataDir}.log`, { flags: 'a' });
    this.child.stdout.pipe(output);
    this.child.stderr.pipe(output);
    await until(`${program} answers ${this.health}`, () => this.#answers(), 15000);
  }

  async #answers() {
    if (this.child.exitCode !== null) {
      throw new Error(`the server ended with code ${this.child.exitCode}; see ${this.dataDir}.log`);
    }
    try {
      return (await fetch(this.url + this.health)).ok;
    } catch {
      return false;
    }
  }

  async stop(signal = 'SIGTERM') {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => { child.once('exit', done); });
    child.kill(signal);
    const forced = setTimeout(() => child.kill('SIGKILL'), 8000);
    await gone;
    clearTimeout(forced);
  }

  async get(path) {
    return (await fetch(this.url + path)).json();
  }

  async post(path, body, type = 'application/json') {
    const bytes = type === 'application/json' ? JSON.stringify(body) : body;
    const response = await fetch(this.url + path, {
      method: 'POST', headers: { 'Content-Type': type }, body: bytes,
    });
    if (!response.ok) {
      throw new Error(`POST ${path}: expected 200, got ${response.status} ${await response.text()}`);
    }
    return response;
  }
}

export function launchBrowser(executablePath) {
  // Playwright gives every launch a fresh user data directory.
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
      '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

// Runs named steps in order; the first failure ends the run, because later
// steps stand on what earlier ones built.
export async function runSteps(steps, limitMs) {
  for (const [name, step] of steps) {
    const began = performance.now();
    let timer;
    const late = new Promise((_done, fail) => {
      timer = setTimeout(() => fail(new Error(`not done after ${limitMs} ms`)), limitMs);
    });
    try {
      await Promise.race([step(), late]);
      console.log(`ok - ${name} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      console.log(`not ok - ${name}\n  ${error.stack.trim().replaceAll(/\n+/g, "\n  ")}`);
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
  return true;
}
