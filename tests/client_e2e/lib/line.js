// SPDX-License-Identifier: MIT
'use strict';
// A line between a client and a server that can be bad: it delays, trickles,
// stops after a byte, ends in the middle, resets, or says nothing at all. What
// it does to a connection is a plan, and a plan of chance comes from a seed:
//
//   {ends: 'fin' | 'rst' | 'hole', at: bytes, way: 'down' | 'up'}  where it ends
//   {delay: ms}      each piece comes so much later
//   {pieces: bytes}  and no longer than this
//   {mute: true}     nothing passes, from the beginning
//
// A hole keeps both ends open and passes nothing any more.
const net = require('node:net');

// Mulberry32: the same numbers for the same seed.
function dice(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const GET = /^GET \S*transport=(polling|websocket)/;

// One connection of it.
class Pair {
  constructor(client, server, plan) {
    this.client = client;
    this.server = server;
    this.plan = plan;
    this.passed = { up: 0, down: 0 };
    this.isDeaf = Boolean(plan.mute);
    this.wire(client, server, 'up');
    this.wire(server, client, 'down');
  }

  wire(from, to, way) {
    let last = Promise.resolve();
    from.setNoDelay(true);
    from.on('error', () => {});
    from.on('data', (data) => {
      for (const piece of this.pieces(data)) {
        last = last.then(() => this.late()).then(() => this.pass(piece, to, way));
      }
    });
    from.on('end', () => last.then(() => { if (!this.isDeaf) to.end(); }));
    from.on('close', (failed) => last.then(() => {
      if (!this.isDeaf && failed) to.resetAndDestroy();
      else if (!this.isDeaf) to.destroySoon();
    }));
  }

  pieces(data) {
    const size = this.plan.pieces || data.length;
    const out = [];
    for (let i = 0; i < data.length; i += size) {
      out.push(data.subarray(i, i + size));
    }
    return out;
  }

  late() {
    return this.plan.delay
      ? new Promise((resolve) => setTimeout(resolve, this.plan.delay)) : null;
  }

  // Is something in the middle: a WebSocket, or a GET that waits? Then an end
  // is noticed at once.
  look(piece, way) {
    const [, transport] = way === 'down' ? []
      : GET.exec(piece.subarray(0, 300).toString('latin1')) || [];
    if (way === 'down' || !this.isSocket) this.waits = false;
    if (transport === 'polling') this.waits = true;
    if (transport === 'websocket') this.isSocket = true;
  }

  get isBusy() { return this.isSocket || this.waits; }

  pass(piece, to, way) {
    if (this.isDeaf) return;
    this.look(piece, way);
    const { ends, at, way: where = 'down' } = this.plan;
    const isHere = ends && where === way;
    const left = isHere ? at - this.passed[way] : Infinity;
    to.write(piece.subarray(0, Math.max(0, Math.min(piece.length, left))));
    this.passed[way] += piece.length;
    if (isHere && this.passed[way] >= at) this.end(ends);
  }

  end(how) {
    this.isDeaf = true;
    if (how === 'hole') return;
    for (const one of [this.client, this.server]) {
      if (how === 'rst') one.resetAndDestroy();
      else one.end();
    }
    if (how === 'fin') {
      setTimeout(() => { for (const one of this.both()) one.destroy(); }, 50);
    }
  }

  both() { return [this.client, this.server]; }
}

class Line {
  // `plan(n)` for connection n, from 0; nothing: a good one.
  constructor(port, plan = () => ({})) {
    this.target = port;
    this.plan = plan;
    this.count = 0;
    this.pairs = new Set();
    this.server = net.createServer({ allowHalfOpen: true },
      (client) => this.take(client));
  }

  async open(port = 0) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  take(client) {
    const plan = this.plan(this.count++) || {};
    const server = net.connect(
      { port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = new Pair(client, server, plan);
    this.pairs.add(pair);
    client.on('close', () => this.pairs.delete(pair));
  }

  // What is open ends.
  end(how) {
    for (const pair of this.pairs) pair.end(how);
  }

  async close() {
    const closed = new Promise((resolve) => { this.server.close(resolve); });
    for (const pair of this.pairs) for (const one of pair.both()) one.destroy();
    await closed;
  }
}

module.exports = { Line, dice };
