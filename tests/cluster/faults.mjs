// SPDX-License-Identifier: MIT
// What goes wrong between nodes and their Redis, as clients see it: whoever
// shares a node goes on hearing, whoever does not hears again when it is over,
// and nobody hears anything twice or out of order.
//   node faults.mjs [--node PROGRAM] [--mode classic] [--only TEXT] [--long 1]
//     [--places 1: Sentinels, Redis Cluster]
import assert from 'node:assert/strict';
import { startRedis, startRedisCluster, startSentinel } from '../support/redis.mjs';
import { Line } from './lib/line.mjs';
import { argument, Client, Node, sleep, until } from './lib/nodes.mjs';

const mode = argument('mode', 'classic');
const only = argument('only', '');
const isLong = Boolean(argument('long'));
const QUICK = ['--heartbeat', '300', '--silence', '1500', '--request-timeout', '700'];

// Two nodes, a client on each, a line from each to Redis.
class World {
  constructor() { this.numbers = new Map(); }

  async open({ isUp = true, more = QUICK, redis = {} } = {}) {
    this.redis = await startRedis(redis);
    if (!isUp) await this.redis.kill();
    this.lines = await Promise.all([0, 1].map(() => new Line(this.redis).open()));
    this.nodes = await Promise.all(this.lines.map((line) =>
      new Node('peal', { redis: line.url, mode, more }).start()));
    if (isUp) await this.bothUp();
    this.clients = await Promise.all(this.nodes.map((node, i) =>
      new Client(`c${i}`, node).connected()));
    if (isUp) await this.meet();
    return this;
  }

  // Of several servers.
  async openAt(place) {
    this.redis = place;
    this.nodes = await Promise.all([0, 1].map(() =>
      new Node('peal', { redis: place.url, mode, more: QUICK }).start()));
    await this.bothUp();
    this.clients = await Promise.all(this.nodes.map((node, i) => new Client(`c${i}`, node).connected()));
    await this.meet();
  }

  async stats(i) { return this.nodes[i].do({ do: 'stats' }); }

  bothUp() {
    return until('both nodes are up', async () => (await this.stats(0)).up && (await this.stats(1)).up);
  }

  down(i) { return until(`node ${i} knows that it is alone`, async () => !(await this.stats(i)).up); }

  // Numbered, so that what is lost, twice or out of order is seen.
  async emit(i, count = 1) {
    for (let k = 0; k < count; k += 1) {
      const n = (this.numbers.get(i) ?? 0) + 1;
      this.numbers.set(i, n);
      await this.nodes[i].do({ do: 'emit', event: 'n', args: [i, n] });
    }
    return this.numbers.get(i);
  }

  heard(client, from) {
    return this.clients[client].heard.filter(([event, i]) => event === 'n' && i === from).map((one) => one[2]);
  }

  has(client, from, n) {
    return until(`client ${client} hears ${n} of node ${from}`, () => this.heard(client, from).includes(n));
  }

  // Both hear both, again: by trying, for a subscription that stands is seen
  // by nothing else.
  async meet() {
    for (const [i, other] of [[0, 1], [1, 0]]) {
      await until(`client ${other} hears node ${i}`, async () => {
        const n = await this.emit(i);
        await sleep(20);
        return this.heard(other, i).includes(n);
      });
    }
  }

  // Whoever is on the node has heard all of it, nobody anything twice.
  check() {
    for (const client of [0, 1]) {
      for (const from of [0, 1]) {
        const list = this.heard(client, from);
        const inOrder = [...new Set(list)].sort((a, b) => a - b);
        assert.deepEqual(list, inOrder, `client ${client}, node ${from}: once, and in order`);
        if (client === from) assert.equal(list.length, this.numbers.get(from) ?? 0, `node ${from}: all of its own`);
      }
    }
  }

  async close() {
    for (const client of this.clients ?? []) client.close();
    this.isFine = (await Promise.all((this.nodes ?? []).map((node) => node.endsWell()))).every(Boolean);
    for (const line of this.lines ?? []) line.close();
    await this.redis?.stop();
  }
}

// The slot of the channel that all nodes hear, from one master to another.
async function moveSlot(nodes) {
  const slot = await nodes[0].command('CLUSTER', 'KEYSLOT', 'socket.io#/#');
  const ids = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'MYID')));
  const owner = Math.floor(slot / Math.ceil(16384 / nodes.length));
  const heir = (owner + 1) % nodes.length;
  await nodes[heir].command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', ids[owner]);
  await nodes[owner].command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', ids[heir]);
  for (const one of [heir, owner]) await nodes[one].command('CLUSTER', 'SETSLOT', slot, 'NODE', ids[heir]);
}

// Where Redis is more than one server.
const PLACES = {
  async 'Sentinels choose another master'(world) {
    const place = await startSentinel();
    await world.openAt(place);
    const master = await place.master();
    await master.kill();
    await Promise.all([world.down(0), world.down(1)]);
    const [n, m] = [await world.emit(0, 10), await world.emit(1, 10)];
    await Promise.all([world.has(0, 0, n), world.has(1, 1, m)]);
    await until('another master', async () => (await place.master()) !== master);
    await world.bothUp();
    await world.meet();
  },

  async 'a Redis Cluster moves a slot'(world) {
    const place = await startRedisCluster();
    await world.openAt(place);
    await world.emit(0, 10);
    await moveSlot(place.nodes);
    await world.meet();
  },

  async 'a Redis Cluster loses a master, and has it again'(world) {
    const place = await startRedisCluster();
    await world.openAt(place);
    for (const one of place.nodes) {
      await one.restart(100);
      await until('the cluster is whole', async () =>
        (await one.command('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    }
    await world.bothUp();
    await world.meet();
  },
};

const CASES = argument('places') ? PLACES : {
  async 'Redis is killed and comes back'(world) {
    await world.open();
    await world.redis.kill();
    await Promise.all([world.down(0), world.down(1)]);
    const [n, m] = [await world.emit(0, 20), await world.emit(1, 20)];
    await Promise.all([world.has(0, 0, n), world.has(1, 1, m)]);
    assert.ok(!world.heard(1, 0).includes(n), 'the other node cannot have it');
    await world.redis.start();
    await world.bothUp();
    await world.meet();
    assert.ok(!world.heard(1, 0).includes(n) || mode === 'streams', 'and does not get it later');
  },

  async 'Redis is killed again and again while all emit'(world) {
    await world.open();
    let isOver = false;
    const talk = Promise.all([0, 1].map(async (i) => { while (!isOver) await world.emit(i); }));
    for (let i = 0; i < 3; i += 1) {
      await sleep(150);
      await world.redis.restart(50);
      await world.bothUp();
    }
    isOver = true;
    await talk;
    await world.meet();
  },

  async 'questions during an outage answer at once, and say so'(world) {
    await world.open();
    const before = await world.nodes[0].do({ do: 'count' });
    assert.equal(before.count, 2);
    assert.equal(before.missing, 0);
    await world.redis.kill();
    await world.down(0);
    const began = performance.now();
    const alone = await world.nodes[0].do({ do: 'count' });
    assert.equal(alone.count, 1, 'what is here');
    assert.equal(alone.missing, null, 'how many are missing is not known');
    assert.ok(performance.now() - began < 2000, 'at once');
    await world.redis.start();
    await world.bothUp();
    await world.meet();
    await until('all are counted again', async () => (await world.nodes[0].do({ do: 'count' })).count === 2);
  },

  async 'Redis stands still for a while'(world) {
    await world.open();
    world.redis.pause();
    const [n, m] = [await world.emit(0, 10), await world.emit(1, 10)];
    await Promise.all([world.has(0, 0, n), world.has(1, 1, m)]);
    await sleep(500);
    world.redis.resume();
    await Promise.all([world.has(1, 0, n), world.has(0, 1, m)]);
    await world.meet();
  },

  async 'a node stands still, and comes back'(world) {
    await world.open();
    world.nodes[1].pause();
    const n = await world.emit(0, 10);
    await world.has(0, 0, n);
    const count = await world.nodes[0].do({ do: 'count' });
    assert.equal(count.missing, 1, 'it is missed');
    assert.equal(count.count, 1);
    world.nodes[1].resume();
    await world.has(1, 0, n);
    await world.meet();
    await until('it is counted again', async () => (await world.nodes[0].do({ do: 'count' })).count === 2);
  },

  async 'a node is cut off from Redis, and comes back'(world) {
    await world.open();
    world.lines[1].cut();
    await world.down(1);
    const [n, m] = [await world.emit(0, 10), await world.emit(1, 10)];
    await Promise.all([world.has(0, 0, n), world.has(1, 1, m)]);
    world.lines[1].heal();
    await world.bothUp();
    await world.meet();
  },

  async 'a node is killed, another takes its place'(world) {
    await world.open();
    world.clients[1].close();
    await world.nodes[1].stop('SIGKILL');
    await until('the dead node is not missed for long', async () => {
      const count = await world.nodes[0].do({ do: 'count' });
      return count.count === 1 && count.missing === 0;
    });
    await world.emit(0, 5);
    const { port } = world.nodes[1];
    world.nodes[1] = new Node('peal', { redis: world.lines[1].url, mode, more: QUICK });
    world.nodes[1].port = port;
    await world.nodes[1].start();
    await world.bothUp();
    const heard = world.clients[1].heard;
    world.clients[1] = await new Client('c1', world.nodes[1]).connected();
    world.clients[1].heard.unshift(...heard.filter(([event]) => event === 'n'));
    await world.meet();
  },

  async 'Redis is not there at the start'(world) {
    await world.open({ isUp: false });
    const n = await world.emit(0, 5);
    await world.has(0, 0, n);
    await world.redis.start();
    await world.bothUp();
    await world.meet();
  },

  async 'what was emitted meanwhile is kept, if that is wanted'(world) {
    await world.open({ more: [...QUICK, '--queue', '1000000'] });
    world.lines[0].cut();
    await world.down(0);
    const n = await world.emit(0, 20);
    assert.ok((await world.stats(0)).queued_bytes > 0);
    world.lines[0].heal();
    await world.has(1, 0, n);
    const late = world.heard(1, 0).filter((one) => one > n - 20 && one <= n);
    assert.equal(late.length, 20, 'all of it');
    await world.meet();
  },

  async 'a wrong password is said, and not which'(world) {
    await world.open({ redis: { config: { requirepass: 'right' } }, isUp: false });
    await world.redis.start();
    await until('it is said', () => world.nodes[0].child.output.includes('NOAUTH')
      || /password/i.test(world.nodes[0].child.output));
    const n = await world.emit(0, 5);
    await world.has(0, 0, n);
    assert.ok(!world.nodes[0].child.output.includes('right'), 'and not which');
  },

  ...isLong && {
    async 'a line falls silent'(world) {
      await world.open();
      world.lines[1].silence();
      const m = await world.emit(1, 10);
      await world.has(1, 1, m);
      await world.down(1); // by its own asking, for nobody tells
      world.lines[1].heal();
      await world.bothUp();
      await world.meet();
    },
  },
};

let passed = 0;
let failed = 0;
for (const [name, run] of Object.entries(CASES)) {
  if (!name.includes(only)) continue;
  const began = performance.now();
  const world = new World();
  try {
    await run(world);
    world.check();
    passed += 1;
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (err) {
    failed += 1;
    console.log(`FAIL ${name}\n${err.stack}`);
    for (const node of world.nodes ?? []) console.log(node.child?.output.slice(-1500));
  }
  await world.close();
  if (!world.isFine) failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
