// SPDX-License-Identifier: MIT
// Which clusters a node hears, and which it does not: Python's channels, Node's
// prefixes.
//   node channels.mjs [--node PROGRAM] [--python PATH]
import assert from 'node:assert/strict';
import { startRedis } from '../support/redis.mjs';
import { Client, Node, sleep, until } from './lib/nodes.mjs';

const redis = await startRedis();
const start = (kind, opts) => new Node(kind, { redis: redis.url, ...opts }).start();

// Every node says its name, until those who should have heard it.
async function whoHearsWhom(nodes, expected) {
  const names = Object.keys(nodes);
  const clients = Object.fromEntries(await Promise.all(names.map(async (name) =>
    [name, await new Client(name, nodes[name]).connected()])));
  const heard = (name) => [...new Set(clients[name].heard.map(([, who]) => who))].sort();
  await until('all hear whom they should', async () => {
    for (const name of names) await nodes[name].do({ do: 'emit', event: 'from', args: [name] });
    await sleep(50);
    return names.every((name) => expected[name].every((who) => heard(name).includes(who)));
  });
  for (const name of names) assert.deepEqual(heard(name), [...expected[name]].sort(), name);
  for (const client of Object.values(clients)) client.close();
  for (const node of Object.values(nodes)) assert.ok(await node.endsWell());
}

// By default it hears Flask-SocketIO and python-socketio, and speaks to the first.
const [peal, flask, asgi] = await Promise.all([start('peal', { mode: 'python' }), start('flask', {}), start('asgi', {})]);
await whoHearsWhom({ peal, flask, asgi }, {
  peal: ['peal', 'flask', 'asgi'], flask: ['flask', 'peal'], asgi: ['asgi'],
});
console.log('ok   Python\'s two usual channels are heard');

const [one, two, other] = await Promise.all([start('peal', { mode: 'classic', more: ['--prefix', 'a'] }),
  start('peal', { mode: 'classic', more: ['--prefix', 'a'] }), start('peal', { mode: 'classic', more: ['--prefix', 'b'] })]);
await whoHearsWhom({ one, two, other }, { one: ['one', 'two'], two: ['one', 'two'], other: ['other'] });
console.log('ok   a prefix is a cluster of its own');

await redis.stop();
console.log('2 passed, 0 failed');
process.exit(0);
