// SPDX-License-Identifier: MIT
// nodes: the processes of a cluster under test. Each prints "ready PORT"; its
// control namespace takes commands (README.md).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { io } from 'socket.io-client';
import { freePort } from '../../support/redis.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const running = new Set();

export function argument(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

export const python = () => path.resolve(argument('python',
  path.join(here, '../../../build/venv/bin/python')));
export const pealNode = () => path.resolve(argument('node',
  path.join(process.env.PEAL_BIN ?? 'build/release/bin', 'peal-cluster-node')));

export const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

export async function until(what, check, limitMs = 20000) {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await sleep(1);
  }
}

process.once('exit', () => { for (const child of running) child.kill('SIGKILL'); });

// A child whose output is kept, and shown when it fails.
export class Child {
  constructor(command, { stdin = 'ignore', env = {} } = {}) {
    this.output = '';
    this.process = spawn(command[0], command.slice(1),
      { stdio: [stdin, 'pipe', 'pipe'], env: { ...process.env, ...env } });
    running.add(this.process);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (bytes) => { this.output = (this.output + bytes).slice(-20000); });
    }
    this.gone = new Promise((done) => {
      this.process.once('error', (err) => { this.failed = err; done({ err }); });
      this.process.once('close', (code, signal) => {
        running.delete(this.process);
        this.failed ??= new Error(`${command.join(' ')} ended by ${signal ?? code}: ${this.output}`);
        done({ code, signal });
      });
    });
  }

  async said(pattern, limitMs) {
    return until(`${pattern} is said; so far: ${this.output}`, () => {
      const found = pattern.exec(this.output);
      if (!found && this.failed) throw this.failed;
      return found;
    }, limitMs);
  }

  kill(signal) { this.process.kill(signal); }

  async end(signal = 'SIGTERM') {
    if (!running.has(this.process)) return this.gone;
    this.process.kill('SIGCONT');
    this.process.kill(signal);
    const hard = setTimeout(() => this.process.kill('SIGKILL'), 10000);
    const how = await this.gone;
    clearTimeout(hard);
    return how;
  }
}

const MODES = { classic: 'classic', streams: 'streams', python: 'python' };

// What starts a node, by its kind; `mode` is how the cluster speaks.
const COMMANDS = {
  node: ({ port, redis, mode, recovery, admin }) => [process.execPath, path.join(here, '../nodes/node.mjs'),
    '--port', port, '--redis', redis, '--mode', mode, ...recovery ? ['--recovery'] : [],
    ...admin ? ['--admin', admin] : []],
  asgi: ({ port, redis, channel = 'socketio' }) => [python(), path.join(here, '../nodes/node.py'),
    '--kind', 'asgi', '--port', port, '--redis', redis, '--channel', channel],
  flask: ({ port, redis, channel = 'flask-socketio' }) => [python(), path.join(here, '../nodes/node.py'),
    '--kind', 'flask', '--port', port, '--redis', redis, '--channel', channel],
  peal: ({ port, redis, mode, recovery, channel = '', more = [] }) => [pealNode(), '--port', port,
    '--redis', redis, '--mode', MODES[mode] ?? mode, ...channel ? ['--channel', channel] : [],
    ...recovery ? ['--recovery', '120000'] : [], ...more],
};

export class Node {
  constructor(kind, opts) {
    Object.assign(this, { kind, opts, name: kind });
  }

  // Python's cannot be told to take any port; somebody may be faster.
  async #launch() {
    const takesAny = this.kind === 'node' || this.kind === 'peal';
    for (let tries = 1; ; tries += 1) {
      const port = this.port ?? (takesAny ? 0 : await freePort());
      this.child = new Child(COMMANDS[this.kind]({ ...this.opts, port: String(port) }));
      try {
        const [, found] = await this.child.said(/ready (\d+)\n/);
        return Number(found);
      } catch (err) {
        if (takesAny || tries === 3 || !/in use/i.test(err.message)) throw err;
      }
    }
  }

  async start() {
    this.port = await this.#launch();
    this.url = `http://127.0.0.1:${this.port}`;
    this.control = io(`${this.url}/control`, { transports: ['websocket'], forceNew: true });
    await new Promise((done, fail) => {
      this.control.once('connect', done);
      this.control.once('connect_error', fail);
    });
    return this;
  }

  // What the command gave; an error that the node reports is thrown.
  async do(command) {
    const { value, error } = await this.control.timeout(15000).emitWithAck('do', command);
    if (error) throw new Error(`${this.kind}: ${command.do}: ${error}`);
    return value;
  }

  async stop(signal) {
    this.control?.disconnect();
    return this.child?.end(signal);
  }

  // Whatever went on before; sanitizers speak up here.
  async endsWell() {
    const { code, signal } = await this.stop() ?? {};
    const isFine = this.kind !== 'peal' || code === 0;
    if (!isFine) console.log(`FAIL a node ended by ${signal ?? code}: ${this.child.output}`);
    return isFine;
  }

  pause() { this.child.kill('SIGSTOP'); }

  resume() { this.child.kill('SIGCONT'); }
}

// A client of a node, which remembers what it hears: [event, ...args].
export class Client {
  constructor(name, node, { nsp = '/', ...opts } = {}) {
    Object.assign(this, { name, node, nsp, heard: [], fences: new Set() });
    this.socket = io(node.url + nsp, {
      forceNew: true, transports: ['websocket'], reconnection: false,
      auth: { who: name }, query: { who: name }, ...opts,
    });
    this.socket.onAny((event, ...args) => this.#hear(event, args));
    this.socket.on('disconnect', (reason) => { this.heard.push(['(disconnect)', reason]); });
  }

  #hear(event, args) {
    if (event === 'fence') {
      this.fences.add(args[0]);
      return;
    }
    const answer = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    this.heard.push([event, ...args]);
    const isSilent = event === 'silence' || (event === 'some' && this.name.endsWith('.b'));
    if (answer && !isSilent) answer({ from: this.name, args });
  }

  async connected() {
    await until(`${this.name} connects`, () => this.socket.connected);
    this.id = this.socket.id;
    return this;
  }

  ask(event, ...args) { return this.socket.timeout(15000).emitWithAck(event, ...args); }

  close() { this.socket.disconnect(); }
}
