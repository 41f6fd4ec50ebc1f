// SPDX-License-Identifier: MIT
// Two nodes of Peal and one of Node, each with an admin side: who looks at one of
// them sees all, and reaches all.
//   node admin.mjs [--node PROGRAM] [--mode classic|streams]
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { startRedis } from '../support/redis.mjs';
import { argument, Node, until } from './lib/nodes.mjs';

const mode = argument('mode', 'classic');
const redis = await startRedis();
const names = ['peal a', 'peal b', 'node'];
const start = (name) => {
  const kind = name.split(' ')[0];
  return new Node(kind, { redis: redis.url, mode, admin: name, more: kind === 'peal' ? ['--admin', name] : [] }).start();
};
const nodes = await Promise.all(names.map(start));

function connect(node, nsp = '') {
  return io(`${node.url}${nsp}`, { forceNew: true, transports: ['websocket'] });
}

const is = (socket, event) => new Promise((done) => { socket.once(event, done); });

async function seesAll(looked) {
  const looker = connect(looked, '/admin');
  const servers = new Set();
  const came = new Set();
  const gone = new Set();
  looker.on('server_stats', ({ serverId }) => servers.add(serverId));
  looker.on('socket_connected', ({ id }) => came.add(id));
  looker.on('socket_disconnected', (_nsp, id) => gone.add(id));
  await is(looker, 'all_sockets');
  // All of them know that somebody looks.
  await until('all are heard', () => names.every((name) => servers.has(name)));
  const clients = nodes.map((node) => connect(node));
  await Promise.all(clients.map((client) => is(client, 'connect')));
  const ids = clients.map(({ id }) => id);
  await until('all are seen as they come', () => ids.every((id) => came.has(id)));

  const again = connect(looked, '/admin');
  const all = await is(again, 'all_sockets');
  // The program on Node gives its sockets other data, and loses what instrument()
  // has put there: it does not know their clients.
  for (const [index, id] of ids.entries()) {
    const seen = all.find((one) => one.id === id);
    assert.equal(seen.handshake.query.transport, 'websocket');
    assert.equal(seen.data._admin, undefined);
    if (nodes[index].kind !== 'peal') continue;
    assert.equal(seen.clientId.length, 12);
    assert.equal(seen.transport, 'websocket');
  }
  const heard = clients.map((client) => is(client, 'hello'));
  looker.emit('emit', '/', undefined, 'hello', 7);
  assert.deepEqual(await Promise.all(heard), [7, 7, 7]);
  const ended = clients.map((client) => is(client, 'disconnect'));
  looker.emit('_disconnect', '/', true);
  assert.deepEqual(new Set(await Promise.all(ended)), new Set(['io server disconnect']));
  await until('all are seen as they go', () => ids.every((id) => gone.has(id)));
  for (const socket of [looker, again, ...clients]) socket.close();
}

let failed = 0;
for (const node of nodes) {
  try {
    await seesAll(node);
    console.log(`ok   who looks at ${names[nodes.indexOf(node)]} sees all`);
  } catch (err) {
    failed += 1;
    console.log(`FAIL ${err.stack}`);
  }
}
const { cluster } = await (await fetch(`${nodes[0].url}/_peal/stats.json`)).json();
assert.deepEqual(cluster.nodes.map(({ id }) => id).sort(), ['peal a', 'peal b']);
const ends = await Promise.all(nodes.map((node) => node.stop()));
for (const [index, { code }] of ends.entries()) {
  if (nodes[index].kind === 'peal' && code !== 0) failed += 1;
}
if (failed) for (const node of nodes) console.log(node.child.output);
await redis.stop();
console.log(failed ? `${failed} failed` : 'all passed');
process.exit(failed ? 1 : 0);
