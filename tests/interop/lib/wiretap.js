// SPDX-License-Identifier: MIT
'use strict';
// A line between a client and the server that tells which transports went over
// it: whether a client upgraded is not a matter of what it says.
const net = require('node:net');

const REQUEST = /^[A-Z]+ \S*[?&]transport=(polling|websocket)\S* HTTP\/1\.1/gm;

const AGREED = /^sec-websocket-extensions: *permessage-deflate/im;

class Wiretap {
  constructor(port) {
    this.target = port;
    this.polling = 0; // requests
    this.fresh = 0; // WebSockets that began a session
    this.upgrades = 0; // WebSockets of a session that had begun
    this.opened = 0; // of both, those that the server took
    this.deflated = 0; // of these, those that agreed on permessage-deflate
    this.conns = new Set();
    this.server = net.createServer((client) => this.tap(client));
  }

  async open() {
    await new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  look(text) {
    for (const [target, transport] of text.matchAll(REQUEST)) {
      if (transport === 'polling') this.polling++;
      else if (/[?&]sid=/.test(target)) this.upgrades++;
      else this.fresh++;
    }
  }

  tap(client) {
    const server = net.connect(this.target, '127.0.0.1');
    const pair = [client, server];
    for (const one of pair) {
      this.conns.add(one);
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('close', () => {
        this.conns.delete(one);
        for (const other of pair) other.destroy();
      });
    }
    client.on('data', (data) => this.look(data.toString('latin1')));
    server.on('data', (data) => {
      const text = data.toString('latin1');
      if (text.startsWith('HTTP/1.1 101')) {
        this.opened++;
        if (AGREED.test(text)) this.deflated++;
      }
    });
    client.pipe(server);
    server.pipe(client);
  }

  close() {
    for (const one of this.conns) one.destroy();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}

module.exports = { Wiretap };
