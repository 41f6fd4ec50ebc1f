// SPDX-License-Identifier: MIT
// Three nodes behind a balancer that keeps nobody at a node:
//   node sticky.mjs [--node PROGRAM] [--python PATH] [--only TEXT]
// Every client says what it says in order and hears all of it once, whatever
// node its requests reach.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { io } from 'socket.io-client';
import { startRedis } from '../support/redis.mjs';
import { Balancer } from './lib/balancer.mjs';
import { argument, Child, Node, python, until } from './lib/nodes.mjs';

const CLIENTS = 50;
const only = argument('only', '');
const redis = await startRedis();
const start = (more = []) => new Node('peal', { redis: redis.url, mode: 'classic', more: ['--heartbeat', '300', ...more] }).start();
// As many workers here and there would hide that a sid is another node's.
let nodes = await Promise.all([start(['--workers', '1']), start(['--workers', '2']), start(['--workers', '3'])]);
const isUp = async (node) => (await node.do({ do: 'stats' })).up;
for (const node of nodes) await until('it is in the cluster', () => isUp(node));
const balancer = await new Balancer(nodes).start();
const io2 = createRequire(new URL('../e2e/', import.meta.url))('socket.io-client-2-5');
const connect = ({ from = io, ...opts } = {}) => from(balancer.url, { forceNew: true, ...opts });

let failed = 0;
async function test(name, fn) {
  if (!name.includes(only)) return;
  const began = performance.now();
  try {
    await fn();
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (err) {
    failed += 1;
    console.log(`FAIL ${name}\n${err.stack}`);
  }
}

// Version 2 has no promises.
const ask = (socket, ...args) => (socket.timeout ? socket.timeout(30000).emitWithAck(...args)
  : new Promise((done) => { socket.emit(...args, done); }));

const bytes = (len, seed) => Buffer.alloc(len, (seed % 251) + 1);

// `count` messages one behind the other, text and binary in turns, the last of
// them large; each comes back as an event and as an acknowledgement.
async function converse(socket, who, count) {
  const heard = [];
  socket.on('echoed', (i, data) => heard.push([i, data.length ?? data.byteLength, typeof data === 'string']));
  const sizes = Array.from({ length: count }, (_, i) => (i === count - 1 ? 100000 : 10 + i * 7));
  const answers = await Promise.all(sizes.map((size, i) => ask(
    socket, 'echo', i, i % 2 ? bytes(size, who) : 'é'.repeat(size))));
  const expected = sizes.map((size, i) => [i, size, i % 2 === 0]);
  await until('all is heard', () => heard.length >= count);
  assert.deepEqual(heard, expected);
  assert.equal(answers.length, count);
}

async function connected(socket) {
  let why;
  socket.on('connect_error', (err) => { why = err; });
  await until('it connects', () => {
    if (why && socket.io.opts.reconnection === false) throw why;
    return socket.connected;
  }, 30000);
  return socket;
}

async function crowd(opts, check = () => {}) {
  const sockets = Array.from({ length: CLIENTS }, () => connect({ ...opts, reconnection: false }));
  try {
    await Promise.all(sockets.map(connected));
    await Promise.all(sockets.map((socket, i) => converse(socket, i, 6)));
    await check(sockets);
    for (const socket of sockets) assert.ok(socket.connected);
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
}

const upgraded = (socket) => until('it upgrades', () => socket.connected && socket.io.engine.transport.name === 'websocket');

await test('polling alone reaches its session from any node', () => crowd({ transports: ['polling'] }));
await test('what upgrades at another node goes on there', () => crowd({}, async (sockets) => {
  await Promise.all(sockets.map(upgraded));
  for (const socket of sockets) socket.off('echoed');
  await Promise.all(sockets.map((socket, i) => converse(socket, i, 10)));
}));
await test('clients of Socket.IO 2 are served as well', async () => {
  await crowd({ from: io2, transports: ['polling'] });
  await crowd({ from: io2 }, async (sockets) => {
    await Promise.all(sockets.map(upgraded));
    for (const socket of sockets) socket.off('echoed');
    await Promise.all(sockets.map((socket, i) => converse(socket, i, 10)));
  });
});
await test('a WebSocket from the beginning needs nobody else', () => crowd({ transports: ['websocket'] }));

await test('a broadcast reaches those whose requests go elsewhere, once', async () => {
  const sockets = await Promise.all(Array.from({ length: 20 }, (_, i) => connected(connect({ transports: i % 2 ? ['polling'] : undefined, reconnection: false }))));
  const heard = sockets.map(() => []);
  sockets.forEach((socket, i) => socket.on('news', (n) => heard[i].push(n)));
  await nodes[0].do({ do: 'many', nsp: '/', to: {}, event: 'news', count: 50 });
  await until('all hear all', () => heard.every((list) => list.length >= 50));
  for (const list of heard) assert.deepEqual(list, Array.from({ length: 50 }, (_, i) => i));
  for (const socket of sockets) socket.disconnect();
});

await test('who leaves is known at home', async () => {
  const sockets = await Promise.all(Array.from({ length: 12 }, (_, i) => connected(connect({ transports: i % 2 ? ['polling'] : undefined, reconnection: false }))));
  await Promise.all(sockets.filter((_, i) => i % 2 === 0).map(upgraded));
  for (const socket of sockets) socket.io.engine.close();
  await until('nobody is left', async () => (await nodes[1].do({ do: 'count', nsp: '/', to: {} })).count === 0);
});

// They wait for answers that do not come.
const later = [];
later[0] = test('a sid that nobody has is refused, and soon', async () => {
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => fetch(
    `${nodes[0].url}/socket.io/?EIO=4&transport=polling&sid=${String(i).padStart(20, 'x')}`)));
  for (const answer of answers) {
    assert.equal(answer.status, 400);
    assert.deepEqual(await answer.json(), { code: 1, message: 'Session ID unknown' });
  }
  assert.ok(performance.now() - began < 20000);
});

async function open() {
  const text = await (await fetch(`${nodes[0].url}/socket.io/?EIO=4&transport=polling`)).text();
  const { sid } = JSON.parse(text.slice(1));
  return (node) => `${node.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
}

later[1] = test('two GETs at two nodes are one too many', async () => {
  const at = await open();
  const first = fetch(at(nodes[1]));
  await new Promise((done) => { setTimeout(done, 200); });
  const second = await fetch(at(nodes[2]));
  assert.equal(second.status, 400);
  assert.equal(await (await first).text(), '1');
  assert.equal((await fetch(at(nodes[0]))).status, 400);
});

later[2] = test('what polling posts at one node is answered by another', async () => {
  const at = await open();
  assert.equal(await (await fetch(at(nodes[1]), { method: 'POST', body: '40' })).text(), 'ok');
  assert.match(await (await fetch(at(nodes[2]))).text(), /^40\{"sid"/);
  assert.equal(await (await fetch(at(nodes[2]), { method: 'POST', body: '42["echo",1]\x1e42["echo",2]' })).text(), 'ok');
  assert.equal(await (await fetch(at(nodes[1]))).text(), '42["echoed",1]\x1e42["echoed",2]');
  assert.equal((await fetch(at(nodes[1]), { method: 'POST', body: 'x'.repeat(1000001) })).status, 413);
  assert.equal(await (await fetch(at(nodes[1]), { method: 'POST', body: '9' })).text(), 'ok');
  assert.equal((await fetch(at(nodes[2]))).status, 400);
});

await test('what is posted here and there in turns stays in order', async () => {
  const at = await open();
  const post = (i, body) => fetch(at(nodes[i % 3]), { method: 'POST', body });
  await post(1, '40');
  let heard = await (await fetch(at(nodes[2]))).text();
  for (let i = 0; i < 150; i += 1) assert.equal(await (await post(i, `42["echo",${i}]`)).text(), 'ok');
  heard = await (await fetch(at(nodes[0]))).text();
  assert.equal(heard, Array.from({ length: 150 }, (_, i) => `42["echoed",${i}]`).join('\x1e'));
});

await test('much that is under way at once comes whole and in order', async () => {
  const socket = await connected(connect({ reconnection: false }));
  await upgraded(socket);
  const all = [];
  socket.on('echoed', (i, data) => all.push([i, data.byteLength]));
  const data = bytes(200000, 1);
  for (let i = 0; i < 40; i += 1) socket.emit('echo', i, data);
  await until('all of it is back', () => all.length === 40, 30000);
  assert.deepEqual(all, Array.from({ length: 40 }, (_, i) => [i, 200000]));
  socket.disconnect();
});

await test('python-socketio is served as well', async () => {
  for (const how of ['polling', 'both']) {
    const child = new Child([python(), new URL('lib/sticky_client.py', import.meta.url).pathname, balancer.url, how]);
    const { code } = await child.gone;
    assert.equal(code, 0, child.output);
  }
});

await Promise.all(later);
await test('nodes that are killed in turn take only their own', async () => {
  const sockets = Array.from({ length: CLIENTS }, (_, i) => connect({
    transports: i % 2 ? ['polling'] : undefined, reconnectionDelay: 100, reconnectionDelayMax: 500,
  }));
  await Promise.all(sockets.map(connected));
  for (const at of [2, 1]) {
    const victim = nodes[at];
    // A client whose WebSocket breaks while it changes to it waits for its own
    // ping timeout, whatever server it has.
    await Promise.all(sockets.filter((_, i) => i % 2 === 0).map(upgraded));
    balancer.remove(victim);
    await victim.stop('SIGKILL');
    // Those who had their session or their WebSocket there begin anew, and
    // then all are heard.
    await Promise.all(sockets.map((socket, i) => until(`${i} is heard again`, async () => {
      if (!socket.connected) return false;
      return socket.timeout(2000).emitWithAck('echo', 'again').then(() => true, () => false);
    }, 40000)));
    nodes[at] = await start();
    await until('it is in the cluster', () => isUp(nodes[at]));
    balancer.add(nodes[at]);
  }
  for (const socket of sockets) socket.off('echoed');
  await Promise.all(sockets.map((socket, i) => converse(socket, i, 4)));
  for (const socket of sockets) socket.disconnect();
});

await test('Redis gone ends what is apart, and nothing else', async () => {
  const own = await connected(io(nodes[0].url, { forceNew: true, transports: ['websocket'], reconnection: false }));
  const far = Array.from({ length: 10 }, () => connect({ transports: ['polling'], reconnectionDelay: 100 }));
  await Promise.all(far.map(connected));
  await redis.kill();
  await until('those that are apart notice', () => far.every((socket) => !socket.connected));
  assert.ok(own.connected);
  await redis.start();
  await Promise.all(far.map(connected));
  await Promise.all(far.map((socket, i) => until(`${i} is heard`, () => socket.connected
    && socket.timeout(2000).emitWithAck('echo', 1).then(() => true, () => false), 30000)));
  for (const socket of [own, ...far]) socket.disconnect();
});

balancer.stop();
for (const how of await Promise.all(nodes.map((node) => node.stop()))) {
  if (how.code !== 0) failed += 1;
}
if (failed) for (const node of nodes) console.log(node.child.output);
await redis.stop();
console.log(failed ? `${failed} failed` : 'all passed');
process.exit(failed ? 1 : 0);
