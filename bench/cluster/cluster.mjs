// SPDX-License-Identifier: MIT
// What a cluster over Redis costs. Peal's nodes and socket.io's with
// @socket.io/redis-adapter have the same clients, in turn, in one run:
//   cost     CPU of all nodes per delivery, from 2 to 8 nodes with as many
//            clients in all
//   rate     broadcasts a second from one node to the clients of two
//   latency  from a client of a node to one of the same node, and to one of
//            the other, behind Redis
// Every message is counted at every client: one too few or out of order ends it.
//   bench/cluster/run [--quick] [--nodes 2,4,8] [--clients N] [--messages N]
//     [--rounds N] [--seconds S] [--mode classic] [--bin FOLDER] [--json FILE]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { startRedis } from '../../tests/support/redis.mjs';
import { argument, Node, sleep, until } from '../../tests/cluster/lib/nodes.mjs';
import { gather } from './crowd.mjs';

const isQuick = process.argv.includes('--quick');
const number = (name, usual, quick) => Number(argument(name, isQuick ? quick : usual));
const bin = path.resolve(argument('bin', 'build/release/bin'));
const mode = argument('mode', 'classic');
const counts = argument('nodes', isQuick ? '2,3' : '2,4,8').split(',').map(Number);
const clients = number('clients', 800, 24);
const messages = number('messages', 60, 10);
const rounds = number('rounds', 3, 1);
const seconds = number('seconds', 4, 0.5);
const KINDS = ['peal', 'node'];
const BATCH = 50; // broadcasts of one turn, where they may share a packet

process.argv.push('--node', path.join(bin, 'peal-cluster-node'));

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const quantile = (list, q) => list[Math.min(list.length - 1, Math.floor(list.length * q))];

// Of all threads, in microseconds (proc(5): the first number is time on a CPU).
function cpuUs(node) {
  const folder = `/proc/${node.child.process.pid}/task`;
  return fs.readdirSync(folder).reduce((sum, id) => sum
    + Number(fs.readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000, 0);
}

// Nodes of a kind, each of one thread, with a Redis of their own; all are ended.
async function withNodes(kind, count, fn) {
  const redis = await startRedis();
  const nodes = await Promise.all(Array.from({ length: count },
    () => new Node(kind, { redis: redis.url, mode, more: ['--workers', '1'] }).start()));
  try {
    return await fn(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  }
}

// A member of each node has heard of each node.
async function warm(nodes, members) {
  await until('the nodes hear each other', async () => {
    for (const node of nodes) {
      members.forEach((member) => { member.warmed = 0; });
      await node.do({ do: 'emit', nsp: '/', event: 'w', args: [] });
      await sleep(100);
      if (members.some((member) => member.warmed === 0)) return false;
    }
    return true;
  });
}

// What is broadcast by one node, each batch when all have the one before;
// milliseconds.
async function broadcast(nodes, members, count, batch) {
  const began = performance.now();
  for (let sent = 0; sent < count; sent += batch) {
    members.forEach((member) => { member.next = 0; });
    const some = Math.min(batch, count - sent);
    let missing = members.length;
    const all = new Promise((done) => {
      for (const member of members) {
        member.onMessage = (i) => {
          if (i !== some - 1) return;
          missing -= 1;
          if (missing === 0) done(true);
        };
      }
    });
    const late = sleep(30000).then(() => false);
    await nodes[0].do({ do: 'many', nsp: '/', event: 'm', count: some });
    if (!await Promise.race([all, late])) throw new Error(`${missing} clients lack messages after 30 s`);
  }
  return performance.now() - began;
}

function withMembers(count, people, fn) {
  return (kind) => withNodes(kind, count, async (nodes) => {
    const members = await gather(nodes, people);
    try {
      await warm(nodes, members);
      return await fn(nodes, members);
    } finally {
      members.forEach((member) => member.close());
    }
  });
}

async function measureCost(nodes, members) {
  await broadcast(nodes, members, messages, 1); // what is compiled at run time is
  const found = [];
  for (let i = 0; i < rounds; i += 1) {
    const before = nodes.map(cpuUs);
    await broadcast(nodes, members, messages, 1);
    const used = nodes.map((node, k) => cpuUs(node) - before[k]);
    found.push(used.reduce((sum, us) => sum + us, 0) / (messages * members.length));
  }
  return median(found);
}

async function measureRate(nodes, members) {
  const count = isQuick ? 100 : 6000;
  await broadcast(nodes, members, count, BATCH);
  const found = [];
  for (let i = 0; i < rounds; i += 1) {
    const before = nodes.reduce((sum, node) => sum + cpuUs(node), 0);
    const ms = await broadcast(nodes, members, count, BATCH);
    const used = nodes.reduce((sum, node) => sum + cpuUs(node), 0) - before;
    found.push({ per_s: count / ms * 1000, cpu_us: used / count });
  }
  return { per_s: median(found.map((x) => x.per_s)), cpu_us: median(found.map((x) => x.cpu_us)) };
}

// Members are at the nodes in turn: the first two and the third are those of
// one node, the other, and the same one.
async function measureLatency(nodes, members) {
  const [speaker, far, near] = members;
  const times = { near: [], far: [] };
  const began = [];
  near.onTick = (i) => times.near.push(performance.now() - began[i]);
  far.onTick = (i) => times.far.push(performance.now() - began[i]);
  const count = Math.round(seconds * 250);
  for (let i = 0; i < count; i += 1) {
    began.push(performance.now());
    speaker.tick(i);
    await sleep(4);
  }
  await until('all ticks are heard', () => times.far.length === count && times.near.length === count);
  const of = (list) => {
    const sorted = list.slice(count >> 3).sort((a, b) => a - b);
    return { p50_ms: quantile(sorted, 0.5), p99_ms: quantile(sorted, 0.99) };
  };
  return { one_node: of(times.near), through_redis: of(times.far) };
}

function row(words, width = 12) {
  console.log(words.map((word, i) => (i ? String(word).padStart(width) : String(word).padEnd(44))).join(''));
}

function show(results) {
  row([`CPU µs of all nodes per delivery, ${clients} clients`, ...KINDS, 'node/peal']);
  for (const count of counts) {
    const [peal, node] = KINDS.map((kind) => results[kind].cost[count]);
    row([`  ${count} nodes`, peal.toFixed(2), node.toFixed(2), (node / peal).toFixed(1)]);
  }
  const growth = KINDS.map((kind) => results[kind].cost[counts.at(-1)] / results[kind].cost[counts[0]]);
  row([`  ${counts.at(-1)} nodes against ${counts[0]}`, ...growth.map((x) => x.toFixed(2))]);
  const rates = KINDS.map((kind) => results[kind].rate);
  row(['broadcasts a second, 2 nodes, 4 clients', ...rates.map((x) => x.per_s.toFixed(0)),
    `peal/node ${(rates[0].per_s / rates[1].per_s).toFixed(1)}`], 16);
  row(['CPU µs of both nodes per broadcast', ...rates.map((x) => x.cpu_us.toFixed(1)),
    `node/peal ${(rates[1].cpu_us / rates[0].cpu_us).toFixed(1)}`], 16);
  row(['latency, ms', 'p50', 'p99']);
  for (const kind of KINDS) {
    const { one_node: one, through_redis: two } = results[kind].latency;
    row([`  ${kind}, one node`, one.p50_ms.toFixed(2), one.p99_ms.toFixed(2)]);
    row([`  ${kind}, through Redis`, two.p50_ms.toFixed(2), two.p99_ms.toFixed(2)]);
    row([`  ${kind}, added`, (two.p50_ms - one.p50_ms).toFixed(2), (two.p99_ms - one.p99_ms).toFixed(2)]);
  }
}

function versions() {
  const require = createRequire(new URL('../../tests/cluster/package.json', import.meta.url));
  const of = (name) => JSON.parse(fs.readFileSync(path.join(
    path.dirname(require.resolve('ws/package.json')), '..', name, 'package.json'), 'utf8')).version;
  return {
    node: process.version, 'socket.io': of('socket.io'), '@socket.io/redis-adapter': of('@socket.io/redis-adapter'),
    kernel: os.release(), machine: os.arch(), cores: os.cpus().length, processor: os.cpus()[0]?.model, mode,
  };
}

const began = performance.now();
const results = Object.fromEntries(KINDS.map((kind) => [kind, { cost: {} }]));
for (const count of counts) {
  for (const kind of KINDS) results[kind].cost[count] = await withMembers(count, clients, measureCost)(kind);
}
for (const kind of KINDS) {
  results[kind].rate = await withMembers(2, 4, measureRate)(kind);
  results[kind].latency = await withMembers(2, 3, measureLatency)(kind);
}
const about = { ...versions(), clients, messages, rounds, took_s: Math.round((performance.now() - began) / 1000) };
show(results);
console.log(Object.entries(about).map(([name, value]) => `${name} ${value}`).join(', '));
const file = argument('json');
if (file) fs.writeFileSync(file, `${JSON.stringify({ about, results }, null, 2)}\n`);
process.exit(0);
