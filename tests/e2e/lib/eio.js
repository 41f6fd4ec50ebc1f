// SPDX-License-Identifier: MIT
'use strict';
// Engine.IO 4 clients over raw sockets, one per transport, with one face:
// send(text|Buffer), recv() -> text|Buffer (messages without their `4`),
// recvPacket() -> the packet as it stands, closed(). Pings are answered.
const { connect, head, request } = require('./raw');
const wsraw = require('./wsraw');

const SEP = '\x1e';
const BASE = '/socket.io/?EIO=4';

class Polling {
  constructor(t, port) {
    this.t = t;
    this.port = port;
    this.queue = [];
    this.answerPings = true;
  }

  async open(headers) {
    this.getConn = connect(this.t, this.port);
    this.postConn = connect(this.t, this.port);
    this.getConn.write(head('GET', `${BASE}&transport=polling`, headers));
    const res = await this.getConn.response();
    if (res.status !== 200) throw new Error(`handshake ${res.status}`);
    this.openResponse = res;
    const packets = res.text.split(SEP);
    this.handshake = JSON.parse(packets[0].slice(1));
    this.sid = this.handshake.sid;
    this.path = `${BASE}&transport=polling&sid=${this.sid}`;
    this.queue.push(...packets.slice(1));
    return this;
  }

  async get(ms) {
    if (this.getConn.ended) this.getConn = connect(this.t, this.port);
    this.getConn.write(head('GET', this.path));
    return this.getConn.response({ ms });
  }

  async post(body, headers) {
    if (this.postConn.ended) this.postConn = connect(this.t, this.port);
    this.postConn.write(head('POST', this.path, {
      'Content-Type': 'text/plain;charset=UTF-8',
      'Content-Length': Buffer.byteLength(body), ...headers,
    }));
    this.postConn.write(body);
    return this.postConn.response();
  }

  // Several messages in one payload, in order.
  async send(...messages) {
    const items = messages.map((m) => (typeof m === 'string'
      ? `4${m}` : `b${m.toString('base64')}`));
    return this.post(items.join(SEP));
  }

  async recvPacket(ms) {
    while (!this.queue.length) {
      const res = await this.get(ms);
      if (res.status !== 200) {
        throw new Error(`poll answered ${res.status} ${res.text}`);
      }
      this.queue.push(...res.text.split(SEP));
      if (this.answerPings && this.queue.includes('2')) {
        this.queue = this.queue.filter((p) => p !== '2');
        await this.post('3');
      }
    }
    return this.queue.shift();
  }

  async recv(ms) {
    for (;;) {
      const p = await this.recvPacket(ms);
      if (p[0] === '4') return p.slice(1);
      if (p[0] === 'b') return Buffer.from(p.slice(1), 'base64');
      if (p[0] === '1') throw new Error('closed while waiting for a message');
    }
  }

  // Everything until the session is gone: a `1`, or a refused poll.
  async closed(ms) {
    const before = [];
    for (;;) {
      let p;
      try {
        p = await this.recvPacket(ms);
      } catch (err) {
        if (!/poll answered 400/.test(err.message)) throw err;
        return before;
      }
      if (p === '1') return before;
      if (p !== '6') before.push(p);
    }
  }

  // True if the server still knows the session.
  async alive() {
    const res = await this.post('3');
    return res.status === 200;
  }
}

class WebSocketEngine {
  constructor(t, port) {
    this.t = t;
    this.port = port;
    this.answerPings = true;
  }

  async open(headers) {
    this.ws = await wsraw.open(this.t, this.port,
      `${BASE}&transport=websocket`, headers);
    if (this.ws.response.status !== 101) {
      throw new Error(`upgrade ${this.ws.response.status}`);
    }
    this.openPacket = await this.ws.recv();
    this.handshake = JSON.parse(this.openPacket.slice(1));
    this.sid = this.handshake.sid;
    return this;
  }

  async send(...messages) {
    for (const m of messages) this.ws.send(typeof m === 'string' ? `4${m}` : m);
  }

  async recvPacket(ms) {
    for (;;) {
      const m = await this.ws.recv(ms);
      if (m !== '2' || !this.answerPings) return m;
      this.ws.send('3');
    }
  }

  async recv(ms) {
    for (;;) {
      const p = await this.recvPacket(ms);
      if (typeof p !== 'string') return p;
      if (p[0] === '4') return p.slice(1);
    }
  }

  async closed(ms) {
    const { before } = await this.ws.closed(ms);
    return before;
  }
}

const TRANSPORTS = { polling: Polling, websocket: WebSocketEngine };

async function openEngine(t, port, transport, headers) {
  return new TRANSPORTS[transport](t, port).open(headers);
}

// An engine that has joined a namespace.
async function openSio(t, port, transport, nsp = '/', auth) {
  const engine = await openEngine(t, port, transport);
  await join(engine, nsp, auth);
  return engine;
}

async function join(engine, nsp = '/', auth) {
  const name = nsp === '/' ? '' : `${nsp},`;
  await engine.send(`0${name}${auth === undefined ? '' : JSON.stringify(auth)}`);
  const answer = await engine.recv();
  if (!answer.startsWith(`0${name}{`)) throw new Error(`CONNECT: ${answer}`);
  engine.id = JSON.parse(answer.slice(1 + name.length)).sid;
  return answer;
}

module.exports = {
  SEP, BASE, TRANSPORTS, openEngine, openSio, join, request,
};
