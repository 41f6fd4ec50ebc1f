// SPDX-License-Identifier: MIT
'use strict';
// What is seen, as lines of text that are the same in each run: names for ids,
// nothing that depends on the moment.

// Headers that say how a connection is used, or when, and nothing about
// Socket.IO (../README.md says so).
const UNSEEN = new Set(['date', 'connection', 'keep-alive', 'content-length',
  'transfer-encoding', 'sec-websocket-accept']);

// Ids in the order of their appearance in this scenario.
class Words {
  // With a binary parser a packet of polling is bytes in base64.
  constructor(isBinary) {
    this.isBinary = isBinary;
    this.names = new Map();
    this.hidden = new Map();
  }

  hide(text, name) {
    this.hidden.set(text, name);
  }

  name(id) {
    if (!this.names.has(id)) this.names.set(id, `ID${this.names.size + 1}`);
    return this.names.get(id);
  }

  text(value) {
    let out = value;
    const longest = [...this.hidden].sort((a, b) => b[0].length - a[0].length);
    for (const [text, name] of longest) out = out.replaceAll(text, name);
    out = out.replace(/"pid":"[^"]+"/g, '"pid":"PID"');
    // Which of the two it is depends on Node on what its buffer has written.
    out = out.replaceAll('forced server close', 'forced close');
    return out.replace(/(?<![\w-])[\w-]{20}(?![\w-])/g,
      (id) => (/^[a-z]+$/.test(id) ? id : this.name(id)));
  }

  packet(p) {
    if (this.isBinary && p[0] === 'b') {
      return this.bytes(Buffer.from(p.slice(1), 'base64'));
    }
    if (typeof p === 'string') {
      const text = this.text(p);
      return text.length > 300
        ? `${text.slice(0, 80)}… of ${text.length}` : text;
    }
    if (Buffer.isBuffer(p)) return this.bytes(p);
    return [`frame ${p.op}`, p.fin ? '' : ' more', p.rsv ? ` rsv ${p.rsv}` : '',
      ` ${this.bytes(p.payload)}`].join('');
  }

  bytes(b) {
    if (b.length > 256) return `<${b.length} bytes>`;
    const named = b.toString('latin1').replace(/(?<![\w-])[\w-]{20}(?![\w-])/g,
      (id) => this.name(id).padEnd(20));
    return `<${Buffer.from(named, 'latin1').toString('hex')}>`;
  }

  value(value) {
    const hex = (data) => `<${Buffer.from(data).toString('hex')}>`;
    return this.text(JSON.stringify(value, (key, one) =>
      (one && one.type === 'Buffer' ? hex(one.data) : one)));
  }

  // Status line, headers sorted by name, body.
  response(res) {
    const lines = [`${res.status} ${res.reason}`];
    for (const name of Object.keys(res.headers).sort()) {
      if (UNSEEN.has(name)) continue;
      lines.push(`${name}: ${this.text(res.headers[name])}`);
    }
    if (res.body && res.body.length) {
      const text = res.body.toString();
      const isText = Buffer.from(text).equals(res.body);
      lines.push(isText ? `body ${this.packet(JSON.stringify(text))}`
        : `body ${this.bytes(res.body)}`);
    }
    return lines;
  }
}

// What only one of two lists of lines has, in order: `- ` the first, `+ ` the
// second.
function difference(a, b) {
  const len = Array.from({ length: a.length + 1 },
    () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) {
      len[i][k] = a[i] === b[k] ? len[i + 1][k + 1] + 1
        : Math.max(len[i + 1][k], len[i][k + 1]);
    }
  }
  const out = [];
  for (let i = 0, k = 0; i < a.length || k < b.length;) {
    if (i < a.length && k < b.length && a[i] === b[k]) { i++; k++; }
    else if (i < a.length &&
      (k === b.length || len[i + 1][k] >= len[i][k + 1])) {
      out.push(`- ${a[i++]}`);
    } else out.push(`+ ${b[k++]}`);
  }
  return out;
}

module.exports = { Words, difference };
