// SPDX-License-Identifier: MIT
// A client of the reference goes from node to node, by losing its connection,
// its node (kill -9) or Redis: what was acknowledged as stored it has heard at
// the end, all of it, once, in order.
//   node recovery.mjs [--node PROGRAM] [--only TEXT] [--rounds N]
import assert from 'node:assert/strict';
import net from 'node:net';
import { io } from 'socket.io-client';
import { startRedis } from '../support/redis.mjs';
import { argument, Node, sleep, until } from './lib/nodes.mjs';

const only = argument('only', '');
const rounds = Number(argument('rounds', '20'));

// One address, and behind it the node that is chosen: a load balancer.
class Front {
  constructor() { this.open = new Set(); }

  async start() {
    this.server = net.createServer((near) => {
      const far = net.connect(this.port, '127.0.0.1');
      this.open.add(near);
      for (const [a, b] of [[near, far], [far, near]]) {
        a.on('error', () => b.destroy());
        a.on('close', () => { this.open.delete(a); b.destroy(); });
        a.pipe(b);
      }
    });
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  // From now on to this node, and who is connected is cut off.
  choose(node) {
    this.port = node.port;
    for (const near of this.open) near.destroy();
  }

  stop() {
    this.server.close();
    for (const near of this.open) near.destroy();
  }
}

class World {
  constructor() { this.said = []; this.heard = []; this.fresh = 0; this.connects = 0; }

  async open(kinds, { workers = 2 } = {}) {
    this.redis = await startRedis({ appendonly: true });
    this.nodes = await Promise.all(kinds.map((kind) => this.node(kind, workers).start()));
    this.talker = await this.node('peal', 2).start();
    this.front = await new Front().start();
    this.front.choose(this.nodes[0]);
    await this.allUp();
    this.client = io(this.front.url, {
      transports: ['websocket'], forceNew: true, auth: { who: 'it' },
      reconnectionDelay: 10, reconnectionDelayMax: 50,
    });
    this.client.on('n', (n) => this.heard.push(n));
    this.client.on('connect', () => {
      this.connects += 1;
      if (!this.client.recovered) this.fresh += 1;
    });
    await this.connected();
    this.id = this.client.id;
    await this.client.timeout(15000).emitWithAck('join', 'room');
    return this;
  }

  node(kind, workers) {
    return new Node(kind, {
      redis: this.redis.url, mode: 'streams',
      recovery: true, more: ['--workers', String(workers), '--heartbeat', '300', '--silence', '1500'],
    });
  }

  // A node of Node's says so when the connection is lost, ours all the time.
  kept() {
    return until('its session is kept', () => this.redis.command('EXISTS', `sio:session:${this.client._pid}`));
  }

  async sessions() { return (await this.redis.command('KEYS', 'sio:session:*')).length; }

  connected() { return until('the client is connected', () => this.client.connected); }

  allUp() {
    return Promise.all([...this.nodes, this.talker].filter(({ kind }) => kind === 'peal').map((node) =>
      until('a node is up', async () => (await node.do({ do: 'stats' })).up)));
  }

  // Until it is stored: what may have been stored and may not is said to be so.
  async say(count = 1) {
    for (let i = 0; i < count; i += 1) {
      const n = this.said.length;
      const to = [['room'], ['room', 'nobody'], [this.id], undefined][n % 4];
      const { err } = await this.talker.do({ do: 'store', to, event: 'n', args: [n] });
      this.said.push(err ? 'perhaps' : 'stored');
    }
  }

  async end() {
    await this.connected();
    await until(`all is heard: ${this.heard.length} of ${this.said.length}`, () => this.said.every((how, n) =>
      how !== 'stored' || this.heard.includes(n)), 10000).catch(() => {});
    await sleep(50);
    const wanted = this.said.map((how, n) => n).filter((n) => this.said[n] === 'stored' || this.heard.includes(n));
    assert.deepEqual(this.heard, wanted);
  }

  async close() {
    this.client?.close();
    this.front?.stop();
    await Promise.all([...this.nodes ?? [], this.talker].filter(Boolean).map((node) => node.stop()));
    await this.redis?.stop();
  }
}

const CASES = {
  'a client goes round': async (w) => {
    await w.open(['peal', 'peal']);
    for (let i = 1; i <= rounds; i += 1) {
      await w.say();
      w.front.choose(w.nodes[i % 2]);
      await w.say(3);
      await w.connected();
      await w.say(i % 3);
    }
    await w.end();
    assert.equal(w.fresh, 1);
    assert.equal(w.client.id, w.id);
    assert.ok(w.connects > rounds / 2);
    const [recovered, data] = await new Promise((done) => { w.client.emit('recovered', (...args) => done(args)); });
    assert.equal(recovered, true);
    assert.deepEqual(data, { who: 'it' });
  },

  // Its sessions and its entries are read here, and ours there.
  'a client goes round nodes of both kinds': async (w) => {
    await w.open(['peal', 'node']);
    await w.say(2);
    await until('it has heard something', () => w.heard.length === 2);
    for (let i = 1; i <= 6; i += 1) {
      const before = w.connects;
      w.client.io.reconnection(false);
      w.front.choose(w.nodes[i % 2]);
      await until('it is gone', () => !w.client.connected);
      await w.kept();
      await w.say(3);
      w.client.io.reconnection(true);
      w.client.io.connect();
      await until('it is back', () => w.connects > before);
      await w.connected();
      await w.say();
      await until('it has heard all', () => w.heard.length >= w.said.length);
    }
    await w.end();
    assert.equal(w.fresh, 1);
    assert.equal(w.client.id, w.id);
  },

  'nodes are killed': async (w) => {
    await w.open(['peal', 'peal']);
    for (let i = 0; i < 6; i += 1) {
      await w.say(2);
      const [dies, lives] = [w.nodes[i % 2], w.nodes[(i + 1) % 2]];
      await dies.stop('SIGKILL');
      w.front.choose(lives);
      await w.say(3);
      await w.connected();
      await dies.start();
      await w.allUp();
      await w.say();
    }
    await w.end();
    assert.equal(w.fresh, 1);
    assert.equal(w.client.id, w.id);
  },

  'Redis is restarted': async (w) => {
    await w.open(['peal', 'peal']);
    for (let i = 1; i <= 3; i += 1) {
      await w.say(3);
      await until('all is heard', () => w.heard.length === w.said.length);
      w.client.io.reconnection(false);
      w.client.io.engine.close();
      await w.kept();
      await w.say(2);
      await w.redis.restart(50);
      await w.allUp();
      await w.say(2);
      w.front.choose(w.nodes[i % 2]);
      w.client.io.reconnection(true);
      w.client.io.connect();
      await w.connected();
      await w.say();
    }
    await w.end();
    assert.equal(w.fresh, 1);
    assert.equal(w.client.id, w.id);
  },

  'who leaves does not come back': async (w) => {
    await w.open(['peal', 'peal']);
    await w.say(1);
    await until('it is heard', () => w.heard.length === 1);
    // The others are those of the controls.
    await until('its session is kept', async () => (await w.sessions()) === 4);
    w.client.disconnect();
    await until('its session is forgotten', async () => (await w.sessions()) === 3);
    w.client.connect();
    await w.connected();
    assert.equal(w.client.recovered, false);
    assert.notEqual(w.client.id, w.id);
  },
};

let failed = 0;
for (const [name, play] of Object.entries(CASES)) {
  if (!name.includes(only)) continue;
  const world = new World();
  const began = performance.now();
  try {
    await play(world);
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (err) {
    failed += 1;
    console.log(`FAIL ${name}\n${err.stack}`);
    for (const node of [...world.nodes ?? [], world.talker]) console.log(node?.child?.output?.slice(-1500));
  }
  await world.close().catch(() => {});
}
process.exit(failed ? 1 : 0);
