// SPDX-License-Identifier: MIT
'use strict';
// What a scenario has in its hands: clients of one server, whose every packet,
// answer and event is written down, for each client apart.
const path = require('node:path');
const { connect, head, request } = require('../../e2e/lib/raw');
const wsraw = require('../../e2e/lib/wsraw');
const { openEngine } = require('../../e2e/lib/eio');
const { until, sleep } = require('../../e2e/lib/suite');
const { Words } = require('./words');

const MODULES = path.join(__dirname, '../../e2e/node_modules');
const POLL = '/socket.io/?EIO=4&transport=polling';
const WS = '/socket.io/?EIO=4&transport=websocket';
const SEP = '\x1e';
const LIMIT_MS = 15000;

// Fails if it takes longer.
async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('nothing')), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// A raw Engine.IO client.
class Peer {
  constructor(on, log, engine) {
    Object.assign(this, { on, log, engine });
    this.words = on.words;
    this.port = on.port;
  }

  see(packet) {
    this.log.push(`< ${this.words.packet(packet)}`);
    return packet;
  }

  // Messages of Socket.IO: text or bytes.
  async send(...messages) {
    const res = await this.engine.send(...messages);
    if (res && (res.status !== 200 || res.text !== 'ok')) {
      this.log.push(`POST answered ${res.status} ${this.words.text(res.text)}`);
    }
  }

  // Packets of Engine.IO as they are.
  async raw(...packets) {
    if (this.engine.ws) for (const one of packets) this.engine.ws.send(one);
    else this.answer(await this.engine.post(packets.join(SEP)));
  }

  answer(res) {
    for (const line of this.words.response(res)) this.log.push(line);
    return res;
  }

  async next(count = 1) {
    let packet;
    for (let i = 0; i < count; i++) {
      packet = this.see(await this.engine.recvPacket(LIMIT_MS));
    }
    return packet;
  }

  async join(nsp = '/', auth) {
    const name = nsp === '/' ? '' : `${nsp},`;
    const said = auth === undefined ? '' : JSON.stringify(auth);
    await this.send(`0${name}${said}`);
    const packet = await this.next();
    const found = /"sid":"([^"]+)"/.exec(packet);
    if (found) this.id = found[1];
    const pid = /"pid":"([^"]+)"/.exec(packet);
    if (pid) this.pid = pid[1];
  }

  // All that comes before the answer to this.
  async fence(nsp = '/') {
    const name = nsp === '/' ? '' : `${nsp},`;
    // Behind what this client has told to all workers.
    if (nsp === '/' && this.on.server.flags.workers) {
      await this.before('2986["count","fence"]', '43986[0]');
    }
    await this.before(`2${name}987["echo","fence"]`, `43${name}987["fence"]`);
  }

  async before(question, answer) {
    await this.send(question);
    for (;;) {
      const packet = await this.engine.recvPacket(LIMIT_MS);
      if (packet === answer) return;
      this.see(packet);
    }
  }

  // Packets until the server ends it, and how it does.
  async end() {
    if (this.engine.ws) {
      const { code, before } = await this.engine.ws.closed(LIMIT_MS);
      for (const one of before) if (one !== '2') this.see(one);
      this.log.push(`closed ${code}`);
      return;
    }
    for (;;) {
      const res = this.engine.queue.length ? null
        : await this.engine.get(LIMIT_MS);
      if (res && res.status !== 200) { this.answer(res); return; }
      const packets = res ? res.text.split(SEP) : this.engine.queue.splice(0);
      for (const one of packets) if (one !== '6') this.see(one);
    }
  }

  // Why its socket went, as the server says.
  async reason(id = this.id) {
    this.log.push(this.words.text(`gone: ${await this.on.reasonOf(id)}`));
  }

  // Without a word.
  drop() {
    if (this.engine.ws) this.engine.ws.conn.sock.destroy();
    else {
      this.engine.getConn.close();
      this.engine.postConn.close();
    }
  }
}

// A client of a package.
class Client {
  constructor(on, log, socket) {
    Object.assign(this, { on, log, socket });
    this.words = on.words;
    const say = (text) => log.push(this.words.text(text));
    this.say = say;
    socket.on('connect', () =>
      say(`connect${socket.recovered ? ' recovered' : ''}`));
    socket.on('disconnect', (why, more) => say(`disconnect ${why}` +
      (more && more.description ? ` (${more.description.message ||
        more.description})` : '')));
    socket.on('connect_error', (err) => say(`connect_error ${err.message}` +
      (err.data === undefined ? '' : ` ${JSON.stringify(err.data)}`)));
    if (socket.onAny) {
      socket.onAny((name, ...args) => say(`event ${name} ` + this.words.value(
        args.filter((one) => typeof one !== 'function'))));
    }
  }

  seen(text) {
    return until(() => this.log.some((line) => line.includes(text)), text,
      LIMIT_MS);
  }

  emit(...args) {
    this.socket.emit(...args);
  }

  // The acknowledgement is written down.
  ask(...args) {
    return new Promise((resolve) => {
      this.socket.emit(...args, (...answer) => {
        this.say(`answer ${this.words.value(answer)}`);
        resolve(answer);
      });
    });
  }
}

class On {
  constructor(t, server, kind) {
    this.t = t;
    this.server = server;
    this.kind = kind;
    this.port = server.port;
    this.words = new Words(server.flags.parser !== undefined);
    this.logs = [];
    this.sleep = sleep;
    this.until = (fn, what) => until(fn, what, LIMIT_MS);
  }

  log(name) {
    const log = [];
    this.logs.push({ name: `${name}${this.logs.length + 1}`, log });
    return log;
  }

  note(text) {
    this.log('note').push(this.words.text(text));
  }

  transcript() {
    return this.logs.flatMap(({ name, log }) =>
      log.map((line) => `${name} ${line.replace(/\r?\n/g, ' | ')}`));
  }

  // -- HTTP ------------------------------------------------------------------

  async http(method, target, opts = {}) {
    const log = this.log('http');
    let res;
    try {
      res = await request(this.t, this.port, target,
        { ms: LIMIT_MS, ...opts, method });
    } catch (err) {
      log.push(`no answer: ${err.message.replace(/ while.*/s, '')}`);
      return undefined;
    }
    log.push(...this.words.response(res));
    return res;
  }

  get(target, headers) {
    return this.http('GET', target, { headers });
  }

  // Bytes as they are, and the answers to them.
  async bytes(text, answers = 1) {
    const log = this.log('http');
    const conn = connect(this.t, this.port);
    conn.write(Buffer.from(text, 'latin1'));
    for (let i = 0; i < answers; i++) {
      try {
        log.push(...this.words.response(
          await conn.response({ ms: LIMIT_MS })));
      } catch (err) {
        log.push(`no answer: ${err.message.replace(/ while.*/s, '')}`);
      }
    }
    return conn;
  }

  // A connection that the server has already served once, so that what is
  // written next is not overtaken by what others write later.
  async warm() {
    const conn = connect(this.t, this.port);
    conn.write(head('GET', '/hello'));
    await conn.response({ ms: LIMIT_MS });
    return conn;
  }

  // Until the server has read what was written to warm connections.
  async settle() {
    const conn = await this.warm();
    for (let i = 0; i < 2; i++) {
      conn.write(head('GET', '/hello'));
      await conn.response({ ms: LIMIT_MS });
    }
    await sleep(20); // it may have been handed to another worker
  }

  // A POST of which only the beginning is sent.
  async halfPosted(target) {
    const conn = await this.warm();
    conn.write(head('POST', target, { 'Content-Length': 10 }));
    conn.write('42["e');
    await this.settle();
    return conn;
  }

  // A GET that waits; `answer` writes down what it gets.
  async pending(target) {
    const log = this.log('http');
    const conn = await this.warm();
    conn.write(head('GET', target));
    await this.settle();
    return {
      conn,
      answer: async () => {
        const res = await conn.response({ ms: LIMIT_MS });
        log.push(...this.words.response(res));
        return res;
      },
    };
  }

  // -- WebSocket -------------------------------------------------------------

  // The answer to the opening handshake, and a peer if it was taken.
  async websocket(target = WS, headers = {}, ms = LIMIT_MS) {
    const log = this.log('ws');
    let ws;
    try {
      ws = await within(ms, wsraw.open(this.t, this.port, target, headers));
    } catch (err) {
      log.push(`no answer: ${err.message.replace(/ while.*/s, '')}`);
      return undefined;
    }
    log.push(...this.words.response(ws.response));
    const engine = {
      ws, answerPings: true,
      send: async (...all) => all.forEach((m) =>
        ws.send(typeof m === 'string' ? `4${m}` : m)),
      recvPacket: (ms) => ws.recv(ms),
    };
    return new Peer(this, log, engine);
  }

  // -- Engine.IO, Socket.IO --------------------------------------------------

  async engine(transport, headers) {
    const log = this.log(transport === 'polling' ? 'poll' : 'ws');
    return new Peer(this, log,
      await openEngine(this.t, this.port, transport, headers));
  }

  async sio(transport, nsp, auth) {
    const peer = await this.engine(transport);
    await peer.join(nsp, auth);
    return peer;
  }

  // One that nobody watches.
  async quiet(transport = 'websocket') {
    const peer = new Peer(this, [], await openEngine(this.t, this.port,
      transport));
    await peer.join();
    return peer;
  }

  async reasonOf(id) {
    const asker = await this.quiet();
    for (let i = 0; i < 600; i++) {
      await asker.send(`27["log","${id}"]`);
      const text = await asker.engine.recv(LIMIT_MS);
      const [list] = JSON.parse(text.replace(/^37/, ''));
      if (list.length) {
        asker.drop();
        return list.map((one) => `${one.nsp} ${one.reason}`).join(', ');
      }
      await sleep(10);
    }
    throw new Error('no reason was logged');
  }

  client({ nsp = '/', package: name = 'socket.io-client', ...opts } = {}) {
    const { io } = require(path.join(MODULES, name));
    const socket = io(`http://127.0.0.1:${this.port}${nsp}`, {
      forceNew: true, reconnection: false, ...opts,
    });
    this.t.after(() => socket.close());
    return new Client(this, this.log('client'), socket);
  }

  // Another namespace of the same connection.
  sibling(client, nsp, opts) {
    const socket = client.socket.io.socket(nsp, opts);
    return new Client(this, this.log('client'), socket);
  }
}

module.exports = { On, POLL, WS, SEP, MODULES };
