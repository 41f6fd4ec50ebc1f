// SPDX-License-Identifier: MIT
'use strict';
// A client in another language: a driver that takes commands and gives
// reports, one line of JSON each (../README.md), and the sockets it has opened.
const { spawn } = require('node:child_process');
const readline = require('node:readline');

const LIMIT_MS = 50000;

function pack(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, pack(one)]));
}

function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$bytes === 'string') {
    return Buffer.from(value.$bytes, 'base64');
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, unpack(one)]));
}

// What came under a name, until somebody asks for it.
class Inbox {
  constructor(what) {
    this.what = what;
    this.items = [];
    this.waiters = [];
  }

  put(item) {
    const waiter = this.waiters.shift();
    if (waiter) waiter(item);
    else this.items.push(item);
  }

  take(failed) {
    if (this.items.length) return Promise.resolve(this.items.shift());
    return new Promise((resolve, reject) => {
      const late = () => reject(
        new Error(`waited ${LIMIT_MS} ms for ${this.what}`));
      const timer = setTimeout(late, LIMIT_MS);
      failed.then((err) => { clearTimeout(timer); reject(err); });
      this.waiters.push((item) => { clearTimeout(timer); resolve(item); });
    });
  }
}

class RemoteSocket {
  constructor(driver, id) {
    this.driver = driver;
    this.id = id;
    this.inboxes = new Map();
    this.asked = 0;
    this.onReport = undefined; // all of them, in order
  }

  inbox(what) {
    if (!this.inboxes.has(what)) {
      this.inboxes.set(what, new Inbox(`${what} on socket ${this.id}`));
    }
    return this.inboxes.get(what);
  }

  take(what) {
    return this.inbox(what).take(this.driver.failed);
  }

  do(what, more = {}) {
    this.driver.send({ do: what, id: this.id, ...more });
  }

  emit(event, ...args) { this.emitWith(undefined, event, ...args); }
  ask(event, ...args) { return this.askWith(undefined, event, ...args); }

  // How: {volatile, timeout}, as the reference calls them.
  emitWith(how, event, ...args) {
    this.do('emit', { event, args: pack(args), how });
  }

  // Where there is a time limit the answer may be {error}.
  askWith(how, event, ...args) {
    const ask = ++this.asked;
    this.do('ask', { event, args: pack(args), ask, how });
    return this.take(`answer ${ask} to ${event}`);
  }

  // {connected, active, recovered, transport}
  state() {
    this.do('state');
    return this.take('state');
  }

  next(event) { return this.take(`event ${event}`); }
  waiting(event) { return this.inbox(`event ${event}`).items.length; }
  connected() { return this.take('connect'); }
  refused() { return this.take('refused'); }
  gone() { return this.take('disconnect'); }
  close() { this.do('close'); }
  connect() { this.do('connect'); }

  report(report) {
    if (report.is !== 'state') this.onReport?.(report);
    if (report.is === 'event') {
      this.inbox(`event ${report.event}`).put(unpack(report.args));
    } else if (report.is === 'answer') {
      for (const [what, inbox] of this.inboxes) {
        if (what.startsWith(`answer ${report.ask} `)) {
          inbox.put(report.error ? { error: report.error }
            : unpack(report.args));
        }
      }
    } else {
      this.inbox(report.is).put(report);
    }
  }
}

class Driver {
  constructor(command) {
    this.sockets = new Map();
    this.hello = new Promise((resolve) => { this.onHello = resolve; });
    this.failed = new Promise((resolve) => { this.fail = resolve; });
    this.stderr = '';
    this.proc = spawn(command[0], command.slice(1),
      { stdio: ['pipe', 'pipe', 'pipe'] });
    this.proc.on('error', (err) => this.fail(err));
    this.proc.stdin.on('error', () => {});
    this.proc.stderr.on('data', (data) => {
      this.stderr = (this.stderr + data).slice(-8000);
      if (process.env.PEAL_INTEROP_VERBOSE) process.stderr.write(data);
    });
    this.proc.on('close', (code, signal) => this.fail(
      new Error(`the driver ended with ${signal || code}: ${this.stderr}`)));
    process.once('exit', () => this.proc.kill('SIGKILL'));
    readline.createInterface({ input: this.proc.stdout })
      .on('line', (line) => this.onLine(line));
  }

  onLine(line) {
    let report;
    try {
      report = JSON.parse(line);
    } catch {
      this.fail(new Error(`the driver said: ${line}`));
      return;
    }
    if (report.is === 'hello') this.onHello(report);
    else this.sockets.get(report.id)?.report(report);
  }

  send(command) {
    this.proc.stdin.write(`${JSON.stringify(command)}\n`);
  }

  // It frees what it has; sanitizers speak up here.
  async end() {
    this.proc.stdin.end();
    const hard = setTimeout(() => this.proc.kill('SIGKILL'), 20000);
    await this.failed;
    clearTimeout(hard);
    if (this.proc.exitCode !== 0) {
      throw new Error(`a driver ended with ` +
        `${this.proc.signalCode || this.proc.exitCode}: ${this.stderr}`);
    }
  }

  open({ url, transports, nsp = '/', auth, reconnect = false, events = [],
    answers = {}, with: sibling, ...more }) {
    const socket = new RemoteSocket(this, this.sockets.size + 1);
    this.sockets.set(socket.id, socket);
    this.send({
      do: 'open', id: socket.id, url, transports, nsp, auth: pack(auth),
      reconnect, events, answers: pack(answers), with: sibling?.id, ...more,
    });
    return socket;
  }
}

module.exports = { Driver };
