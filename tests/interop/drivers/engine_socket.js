// SPDX-License-Identifier: MIT
'use strict';
// engine.io-client with the reference's parser upon it: as much of the face of
// socket.io-client as js.js needs, one namespace for each connection.
const { EventEmitter } = require('node:events');
const path = require('node:path');

const modules = path.join(__dirname, '../../e2e/node_modules');
const { Socket: Engine } = require(path.join(modules, 'engine.io-client'));
const plain = require(path.join(modules, 'socket.io-parser'));
const CONNECT = 0;
const DISCONNECT = 1;
const EVENT = 2;
const ACK = 3;
const CONNECT_ERROR = 4;

class EngineSocket {
  constructor(url, opts) {
    const { origin, pathname } = new URL(url);
    const { Encoder, Decoder } = opts.parser || plain;
    Object.assign(this, { origin, opts, nsp: pathname, connected: false });
    this.encoder = new Encoder();
    this.Decoder = Decoder;
    this.handlers = new EventEmitter();
    this.acks = new Map();
    this.ids = 0;
    this.waiting = [];
    // What js.js asks of a manager.
    this.io = { on: () => {}, engine: undefined, _readyState: 'open' };
    this.connect();
  }

  get active() { return this.connected; }

  on(name, fn) { this.handlers.on(name, fn); }

  connect() {
    const { auth, transports, ca, perMessageDeflate } = this.opts;
    const engine = new Engine(this.origin,
      { path: '/socket.io', transports, ca, perMessageDeflate });
    this.io.engine = engine;
    this.decoder = new this.Decoder();
    this.decoder.on('decoded', (packet) => this.take(packet));
    engine.on('open', () => this.write({ type: CONNECT, data: auth }));
    engine.on('data', (data) => this.decoder.add(data));
    engine.on('close', (reason) => this.gone(reason));
    engine.on('error', () => {});
  }

  write(packet) {
    for (const one of this.encoder.encode({ nsp: this.nsp, ...packet })) {
      this.io.engine.write(one, {});
    }
  }

  take({ type, data, id }) {
    if (type === CONNECT) {
      this.connected = true;
      this.waiting.splice(0).forEach((packet) => this.write(packet));
      this.handlers.emit('connect');
    } else if (type === CONNECT_ERROR) {
      this.handlers.emit('connect_error', data);
    } else if (type === DISCONNECT) {
      this.gone('io server disconnect');
    } else if (type === ACK || type === plain.PacketType.BINARY_ACK) {
      this.acks.get(id)?.(...data);
      this.acks.delete(id);
    } else {
      const [name, ...args] = data;
      if (id !== undefined) {
        args.push((...answer) =>
          this.write({ type: ACK, id, data: answer }));
      }
      this.handlers.emit(name, ...args);
    }
  }

  gone(reason) {
    if (!this.connected) return;
    this.connected = false;
    this.handlers.emit('disconnect', reason);
  }

  emit(...args) {
    const packet = { type: EVENT, data: args };
    if (typeof args.at(-1) === 'function') {
      packet.id = this.ids++;
      this.acks.set(packet.id, args.pop());
    }
    if (this.connected) this.write(packet);
    else this.waiting.push(packet);
  }

  close() {
    if (this.connected) this.write({ type: DISCONNECT });
    this.gone('io client disconnect');
    this.io.engine.close();
  }
}

module.exports = { io: (url, opts) => new EngineSocket(url, opts) };
