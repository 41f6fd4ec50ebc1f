// SPDX-License-Identifier: MIT
'use strict';
// A scenario, run by the reference's client and by ours on the same server: what
// their users see is one list of lines each, and the lists are the same.
const http = require('node:http');
const path = require('node:path');
const { freePort } = require('../../e2e/lib/server');
const { sleep, until } = require('../../e2e/lib/suite');
const { sharedDriver } = require('./clients');
const { Line } = require('./line');

const modules = path.join(__dirname, '../../e2e/node_modules');
const { Server } = require(path.join(modules, 'socket.io'));
// What the reference's server appends where states are recovered.
const OFFSET = /"Q[\w-]{6}(\.\d+)?"/;

// A line for people of a report.
function wordsOf(report) {
  const { is, id, ...more } = report;
  const values = (args) => JSON.stringify(args || []).replace(OFFSET, '<offset>');
  switch (is) {
    case 'connect': return more.recovered ? 'connect, recovered' : 'connect';
    case 'disconnect': return `disconnect: ${more.reason}`;
    // Words of a failed connection are everybody's own.
    case 'refused': return more.low ? 'connect_error'
      : `connect_error, refused: ${more.message} ${values(more.data)}`;
    case 'event': return `event ${more.event} ${values(more.args)}`;
    case 'any': return `any ${more.event} ${values(more.args)}`;
    case 'outgoing': return `outgoing ${more.event} ${values(more.args)}`;
    case 'answer': return more.error ? `answer ${more.ask}: ${more.error}`
      : `answer ${more.ask} ${values(more.args)}`;
    case 'notice': return `manager ${more.what}` +
      (more.attempt === undefined ? '' : ` ${more.attempt}`) +
      (more.reason === undefined ? '' : `: ${more.reason}`);
    case 'auth': return 'auth asked';
    default: return JSON.stringify(report);
  }
}

// What a scenario has in its hands.
class On {
  constructor(t, driver, transports) {
    this.t = t;
    this.transports = transports;
    this.driver = driver;
    this.sockets = [];
    this.lines = [];
    this.until = until;
    this.sleep = sleep;
  }

  // The server, in this process; `set(io)` gives it its handlers, also after a
  // restart.
  async serve(opts = {}, set = () => {}) {
    this.serverOpts = opts;
    this.set = set;
    this.serverPort = await freePort();
    this.line = await new Line(this.serverPort, (n) => this.plan?.(n)).open();
    this.t.after(() => this.line.close());
    this.t.after(() => this.down());
    await this.up();
  }

  async up() {
    this.http = http.createServer();
    this.io = new Server(this.http, this.serverOpts);
    this.set(this.io);
    await new Promise((resolve) => {
      this.http.listen(this.serverPort, '127.0.0.1', resolve);
    });
  }

  // Gone at once, as by a kill.
  async down() {
    if (!this.io) return;
    const { io } = this;
    this.io = undefined;
    this.http.closeAllConnections();
    this.line.end('rst');
    await new Promise((resolve) => { io.close(resolve); });
  }

  // In `when`, the id 0 is this socket.
  open(opts = {}) {
    const own = this.driver.sockets.size + 1;
    const when = JSON.parse(JSON.stringify(opts.when || []),
      (key, value) => (key === 'id' && value === 0 ? own : value));
    const socket = this.driver.open({
      url: `http://127.0.0.1:${this.line.port}`, transports: this.transports,
      watch: !opts.with, ...opts, when,
      // One delay, the same for all.
      opts: { reconnectionDelay: 50, reconnectionDelayMax: 50,
        randomizationFactor: 0, ...opts.opts },
    });
    const number = this.sockets.push(socket);
    socket.onReport = (report) => {
      this.lines.push(`${number} ${wordsOf(report)}`);
    };
    this.t.after(() => socket.close());
    return socket;
  }

  // What was seen contains this.
  seen(text, times = 1) {
    return until(
      () => this.lines.filter((line) => line.includes(text)).length >= times,
      `${times} of "${text}" in ${JSON.stringify(this.lines, null, 1)}`, 15000);
  }

  // The client waits for something on the line.
  busy() {
    return until(() => [...this.line.pairs].some((pair) => pair.isBusy),
      'a connection in use');
  }

  // The connection ends meanwhile.
  async cut(how) {
    await this.busy();
    this.line.end(how);
  }

  // A mark in the list.
  mark(text) { this.lines.push(`-- ${text}`); }

  async state(socket) {
    const { connected, active, recovered } = await socket.state();
    this.mark(JSON.stringify({ connected, active, recovered }));
  }
}

async function traceOf(t, kind, transports, fn) {
  const driver = await sharedDriver(kind);
  const on = new On(t, driver, transports);
  const broken = driver.failed.then((err) => { throw err; });
  await Promise.race([fn(on), broken]);
  const lines = [...on.lines];
  for (const socket of on.sockets) socket.close();
  await on.down();
  return lines;
}

module.exports = { traceOf };
