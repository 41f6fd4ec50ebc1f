// SPDX-License-Identifier: MIT
'use strict';
// A WebSocket client that can be wrong on purpose (RFC6455). Every field of a
// frame can be set; nothing is answered unless the test does so.
const crypto = require('node:crypto');
const { connect, head } = require('./raw');

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OP = { CONT: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

function frame(op, payload = '', opts = {}) {
  const { fin = true, rsv = 0, mask = true, lengthForm, announce } = opts;
  const body = Buffer.from(payload);
  const len = announce === undefined ? body.length : announce;
  const form = lengthForm || (len < 126 ? 7 : len < 65536 ? 16 : 64);
  const parts = [Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | op])];
  const bit = mask ? 0x80 : 0;
  if (form === 7) parts.push(Buffer.from([bit | len]));
  else if (form === 16) {
    const b = Buffer.alloc(3);
    b[0] = bit | 126;
    b.writeUInt16BE(len, 1);
    parts.push(b);
  } else {
    const b = Buffer.alloc(9);
    b[0] = bit | 127;
    b.writeBigUInt64BE(BigInt(len), 1);
    parts.push(b);
  }
  if (mask) {
    const key = crypto.randomBytes(4);
    const masked = Buffer.from(body);
    for (let i = 0; i < masked.length; i++) masked[i] ^= key[i & 3];
    parts.push(key, masked);
  } else {
    parts.push(body);
  }
  return Buffer.concat(parts);
}

function closePayload(code, reason = '') {
  const out = Buffer.alloc(2 + Buffer.byteLength(reason));
  out.writeUInt16BE(code, 0);
  out.write(reason, 2);
  return out;
}

class Ws {
  constructor(conn, response) {
    this.conn = conn;
    this.response = response;
  }

  sendFrame(op, payload, opts) {
    this.conn.write(frame(op, payload, opts));
  }

  send(data) {
    this.sendFrame(typeof data === 'string' ? OP.TEXT : OP.BINARY, data);
  }

  async recvFrame(ms) {
    const c = this.conn;
    return c.until(() => {
      if (c.buf.length < 2) return undefined;
      let len = c.buf[1] & 127;
      let at = 2;
      if (len === 126) {
        if (c.buf.length < 4) return undefined;
        len = c.buf.readUInt16BE(2);
        at = 4;
      } else if (len === 127) {
        if (c.buf.length < 10) return undefined;
        len = Number(c.buf.readBigUInt64BE(2));
        at = 10;
      }
      if (c.buf.length < at + len) return undefined;
      const bytes = c.take(at + len);
      return {
        fin: (bytes[0] & 0x80) !== 0, rsv: (bytes[0] >> 4) & 7,
        op: bytes[0] & 15, masked: (bytes[1] & 0x80) !== 0,
        payload: bytes.subarray(at),
      };
    }, 'a WebSocket frame', ms);
  }

  // The next text (string) or binary (Buffer) message; a close is an error.
  async recv(ms) {
    const f = await this.recvFrame(ms);
    if (f.op === OP.TEXT) return f.payload.toString();
    if (f.op === OP.BINARY) return Buffer.from(f.payload);
    const code = f.op === OP.CLOSE && f.payload.length
      ? f.payload.readUInt16BE(0) : '';
    throw new Error(`frame of opcode ${f.op} ${code} instead of a message`);
  }

  // Reads until the server closes; the close code (1005 = none in the frame,
  // 1006 = no close frame at all), and what came before.
  async closed(ms) {
    const before = [];
    for (;;) {
      let f;
      try {
        f = await this.recvFrame(ms);
      } catch (err) {
        if (!/closed while/.test(err.message)) throw err;
        return { code: 1006, before };
      }
      if (f.op === OP.CLOSE) {
        const code = f.payload.length ? f.payload.readUInt16BE(0) : 1005;
        const reason = f.payload.subarray(2).toString();
        this.sendFrame(OP.CLOSE, f.payload);
        await this.conn.end(ms);
        this.conn.close();
        return { code, reason, before };
      }
      before.push(f.op === OP.TEXT ? f.payload.toString() : f);
    }
  }

  close() {
    this.conn.close();
  }
}

function upgradeHead(path, headers = {}) {
  const key = crypto.randomBytes(16).toString('base64');
  const text = head('GET', path, {
    Connection: 'Upgrade', Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers,
  });
  return { text, key };
}

const acceptOf = (key) =>
  crypto.createHash('sha1').update(key + GUID).digest('base64');

// The opening handshake; `ws.response.status` tells whether it was taken.
async function open(t, port, path, headers) {
  const conn = connect(t, port);
  const { text, key } = upgradeHead(path, headers);
  conn.write(text);
  const response = await conn.response();
  const ws = new Ws(conn, response);
  ws.key = key;
  return ws;
}

module.exports = { OP, frame, closePayload, Ws, open, upgradeHead, acceptOf };
