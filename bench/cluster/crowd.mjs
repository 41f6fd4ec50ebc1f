// SPDX-License-Identifier: MIT
// crowd: clients that do little themselves, so that a server's cost is what is
// seen: they take numbered messages, and see to it that each comes once and in
// order.
import { createRequire } from 'node:module';

const WebSocket = createRequire(new URL('../../tests/cluster/package.json', import.meta.url))('ws');
const HEAD = '42["m",';

export class Member {
  constructor(url) {
    Object.assign(this, { next: 0, warmed: 0 });
    this.line = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
      { perMessageDeflate: false });
    this.line.on('close', (code) => {
      if (!this.isOver) throw new Error(`a client was closed: ${code}`);
    });
    this.ready = new Promise((done, fail) => {
      this.line.once('error', fail);
      this.line.on('message', (bytes) => this.#hear(bytes.latin1Slice(), done));
    });
  }

  #hear(text, done) {
    if (text.startsWith(HEAD)) {
      const number = Number(text.slice(HEAD.length, -1));
      if (number !== this.next) throw new Error(`message ${number} in place of ${this.next}`);
      this.next += 1;
      this.onMessage?.(number);
    } else if (text.startsWith('42["w"')) this.warmed += 1;
    else if (text.startsWith('42["t",')) this.onTick?.(JSON.parse(text.slice(2))[1]);
    else if (text === '2') this.line.send('3');
    else if (text.startsWith('0')) this.line.send('40');
    else if (text.startsWith('40')) done(this);
  }

  // To all others.
  tick(number) { this.line.send(`42${number}["say",null,"t",[${number}]]`); }

  close() {
    this.isOver = true;
    this.line.terminate();
  }
}

// `count` of them, at the nodes in turn.
export const gather = (nodes, count) => Promise.all(Array.from({ length: count },
  (_, i) => new Member(nodes[i % nodes.length].url).ready));
