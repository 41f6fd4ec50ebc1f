// SPDX-License-Identifier: MIT
'use strict';
// A raw TCP connection that speaks no protocol of its own: bytes out, and on
// demand HTTP/1.1 responses in (RFC9112 6). Nothing is retried or hidden.
const net = require('node:net');

const LIMIT_MS = 30000;

class Conn {
  constructor(port) {
    this.buf = Buffer.alloc(0);
    this.ended = false; // the peer sent FIN, or the connection is gone
    this.error = null;
    this.waiters = new Set();
    this.sock = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.sock.setNoDelay(true);
    const wake = () => { for (const w of [...this.waiters]) w(); };
    this.sock.on('data', (data) => {
      this.buf = Buffer.concat([this.buf, data]);
      wake();
    });
    this.sock.on('end', () => { this.ended = true; wake(); });
    this.sock.on('error', (err) => { this.error = err; });
    this.sock.on('close', () => { this.ended = true; wake(); });
  }

  write(data) {
    if (!this.sock.destroyed) this.sock.write(data);
    return this;
  }

  // Byte by byte, each in its own segment as far as the kernel allows.
  async writeSlowly(data, pauseEvery = 16) {
    for (let i = 0; i < data.length; i++) {
      this.write(data.slice(i, i + 1));
      if (i % pauseEvery === 0) await new Promise((r) => setImmediate(r));
    }
  }

  until(fn, what, ms = LIMIT_MS) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(reject, new Error(
        `waited ${ms} ms for ${what}; have ${this.buf.length} bytes: ` +
        JSON.stringify(this.buf.toString('latin1').slice(0, 300)))), ms);
      const finish = (how, value) => {
        clearTimeout(timer);
        this.waiters.delete(check);
        how(value);
      };
      const check = () => {
        let value;
        try { value = fn(); } catch (err) { return finish(reject, err); }
        if (value !== undefined) finish(resolve, value);
        else if (this.ended) {
          finish(reject, new Error(`closed while waiting for ${what}` +
            `${this.error ? ` (${this.error.code})` : ''}; have ` +
            JSON.stringify(this.buf.toString('latin1').slice(0, 300))));
        }
      };
      this.waiters.add(check);
      check();
    });
  }

  take(n) {
    const part = this.buf.subarray(0, n);
    this.buf = this.buf.subarray(n);
    return part;
  }

  bytes(n, ms) {
    return this.until(() => (this.buf.length >= n ? this.take(n) : undefined),
      `${n} bytes`, ms);
  }

  // One response; `method` decides whether a body follows (RFC9112 6.3).
  async response({ method = 'GET', ms } = {}) {
    const head = await this.until(() => {
      const at = this.buf.indexOf('\r\n\r\n');
      return at < 0 ? undefined : this.take(at + 4).toString('latin1');
    }, 'a response head', ms);
    const lines = head.slice(0, -4).split('\r\n');
    const first = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(lines[0]);
    if (!first) throw new Error(`bad status line ${JSON.stringify(lines[0])}`);
    const res = {
      status: Number(first[1]), reason: first[2], head, names: [], headers: {},
    };
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      res.names.push(name);
      const key = name.toLowerCase();
      res.headers[key] = key in res.headers
        ? `${res.headers[key]}, ${value}` : value;
    }
    res.body = await this.body(res, method, ms);
    res.text = res.body.toString();
    return res;
  }

  async body(res, method, ms) {
    const none = method === 'HEAD' || res.status < 200 || res.status === 204 ||
      res.status === 304;
    if (none) return Buffer.alloc(0);
    if (/chunked/i.test(res.headers['transfer-encoding'] || '')) {
      return this.chunks(ms);
    }
    if ('content-length' in res.headers) {
      return this.bytes(Number(res.headers['content-length']), ms);
    }
    await this.end(ms);
    return this.take(this.buf.length);
  }

  async chunks(ms) {
    const parts = [];
    const line = () => this.until(() => {
      const at = this.buf.indexOf('\r\n');
      return at < 0 ? undefined : this.take(at + 2).toString().trim();
    }, 'a chunk line', ms);
    for (;;) {
      const size = parseInt(await line(), 16);
      if (size === 0) break;
      parts.push(await this.bytes(size, ms));
      await this.bytes(2, ms);
    }
    while (await line() !== '');
    return Buffer.concat(parts);
  }

  // Waits until the peer has closed its side.
  end(ms) {
    return this.until(() => (this.ended ? true : undefined), 'the close', ms);
  }

  close() {
    this.sock.destroy();
  }
}

function connect(t, port) {
  const conn = new Conn(port);
  if (t) t.after(() => conn.close());
  return conn;
}

function head(method, path, headers = {}) {
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (!('Host' in headers)) text += 'Host: 127.0.0.1\r\n';
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    for (const one of [].concat(value)) text += `${name}: ${one}\r\n`;
  }
  return `${text}\r\n`;
}

// One request on a connection of its own.
async function request(t, port, path, opts = {}) {
  const { method = 'GET', headers = {}, body } = opts;
  const conn = connect(t, port);
  const more = body === undefined
    ? {} : { 'Content-Length': Buffer.byteLength(body) };
  conn.write(head(method, path, { ...more, ...headers }));
  if (body !== undefined) conn.write(body);
  const res = await conn.response({ method, ms: opts.ms });
  if (!opts.keep) conn.close();
  res.conn = conn;
  return res;
}

module.exports = { Conn, connect, head, request };
