// SPDX-License-Identifier: MIT
// line: a TCP line between a node and its Redis, which can be cut and healed.
import net from 'node:net';
import { freePort } from '../../support/redis.mjs';

export class Line {
  constructor(redis) {
    Object.assign(this, { redis, pairs: new Set(), isCut: false, isSilent: false });
  }

  async open() {
    this.port = await freePort();
    this.server = net.createServer((near) => this.#join(near));
    await new Promise((done) => { this.server.listen(this.port, '127.0.0.1', done); });
    return this;
  }

  get url() { return `redis://127.0.0.1:${this.port}`; }

  #join(near) {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(this.redis.port, '127.0.0.1');
    const pair = [near, far];
    this.pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (bytes) => { if (!this.isSilent) to.write(bytes); });
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
    }
  }

  #drop() { for (const [near, far] of this.pairs) { near.destroy(); far.destroy(); } }

  // Connections break, and none comes up.
  cut() {
    this.isCut = true;
    this.#drop();
  }

  // What is said is lost, and nobody is told: a half-open line.
  silence() { this.isSilent = true; }

  heal() {
    if (this.isSilent) this.#drop(); // a gap in a stream of bytes is none
    this.isCut = false;
    this.isSilent = false;
  }

  close() {
    this.#drop();
    this.server.close();
  }
}
