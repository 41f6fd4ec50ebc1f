// SPDX-License-Identifier: MIT
// balancer: a proxy that gives each request, and each WebSocket, to the next of
// its nodes, whoever the client is: what a load balancer without sticky sessions
// does.
import http from 'node:http';
import net from 'node:net';

export class Balancer {
  constructor(nodes) {
    Object.assign(this, { nodes: [...nodes], at: 0, requests: new Map(), pipes: new Map() });
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 200 });
    this.server = http.createServer((req, res) => this.#request(req, res));
    this.server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
  }

  async start() {
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  #next() {
    this.at += 1;
    return this.nodes[this.at % this.nodes.length];
  }

  #count(node) { this.requests.set(node, (this.requests.get(node) ?? 0) + 1); }

  #request(req, res) {
    const node = this.#next();
    this.#count(node);
    const up = http.request({
      port: node.port, host: '127.0.0.1', method: req.method, path: req.url, headers: req.headers, agent: this.agent,
    }, (answer) => {
      res.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(res);
    });
    up.on('error', () => { if (!res.headersSent) res.writeHead(502); res.end(); });
    res.on('close', () => { if (!res.writableFinished) up.destroy(); });
    req.pipe(up);
  }

  #upgrade(req, socket, head) {
    const node = this.#next();
    const lines = [`${req.method} ${req.url} HTTP/1.1`];
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
    const up = net.connect(node.port, '127.0.0.1', () => {
      up.write(`${lines.join('\r\n')}\r\n\r\n`);
      up.write(head);
      up.pipe(socket);
      socket.pipe(up);
    });
    this.pipes.set(up, node);
    const end = () => { this.pipes.delete(up); up.destroy(); socket.destroy(); };
    for (const one of [up, socket]) one.on('error', end).on('close', end);
  }

  remove(node) { this.nodes = this.nodes.filter((one) => one !== node); }

  add(node) { this.nodes.push(node); }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
    this.agent.destroy();
    for (const up of this.pipes.keys()) up.destroy();
  }
}
