// SPDX-License-Identifier: MIT
// A cluster, scenario by scenario, against what a cluster of the reference's
// nodes shows:
//   node run.mjs --mode classic --nodes peal,node [--node PROGRAM]
//     [--python PATH] [--only TEXT] [--redis PROGRAM] [--actors emitter,…]
// Modes: classic, static, dynamic, dynamic-private, streams, python.
import assert from 'node:assert/strict';
import { startRedis } from '../support/redis.mjs';
import { startActors } from './lib/actors.mjs';
import { argument, Node } from './lib/nodes.mjs';
import { play } from './lib/play.mjs';
import scenarios from './lib/scenarios.mjs';

const mode = argument('mode', 'classic');
const kinds = argument('nodes', 'node,node').split(',');
const judge = argument('judge', mode === 'python' ? 'asgi' : 'node');
const only = argument('only', '');
const dialect = judge === 'node' ? 'node' : 'python';
const channel = mode === 'python' ? 'socketio' : undefined;

async function start(list, redis, more = {}) {
  return Promise.all(list.map((kind) =>
    new Node(kind, { redis: redis.url, mode, channel, ...more }).start()));
}

const fits = (scenario, kind) => scenario.in.includes(dialect) && !scenario.not.includes(kind)
  && (scenario.modes ?? [mode]).includes(mode) && scenario.name.includes(only);

let passed = 0;
let failed = 0;

async function check(name, scenario, expected, fn) {
  const began = performance.now();
  try {
    assert.deepEqual(await fn(), expected);
    passed += 1;
    console.log(`ok   ${name}: ${scenario.name} (${Math.round(performance.now() - began)} ms)`);
  } catch (err) {
    failed += 1;
    console.log(`FAIL ${name}: ${scenario.name}\n${err.stack}`);
  }
}

const program = argument('redis');
const [redis, redisOfJudge] = await Promise.all([startRedis({ program }), startRedis({ program })]);
const [nodes, judges] = await Promise.all([start(kinds, redis),
  start(kinds.map(() => judge), redisOfJudge)]);
const actors = await startActors(argument('actors', '').split(',').filter(Boolean),
  { redis: redis.url, mode });

for (const scenario of scenarios.filter((one) => fits(one, 'judge'))) {
  const expected = await play(judges, scenario);
  if (!actors.length) {
    for (const [at, kind] of kinds.entries()) {
      if (!fits(scenario, kind) || !(scenario.kinds ?? [kind]).includes(kind)) continue;
      await check(`${kind} among ${kinds}`, scenario, expected, () => play(nodes, scenario, { at }));
    }
  }
  for (const actor of actors) {
    if (!fits(scenario, 'emitter') || actor.lacks(scenario)) continue;
    await check(actor.name, scenario, expected, () => play(nodes, scenario, { actor }));
  }
}
await Promise.all([...actors, ...nodes, ...judges].map((one) => one.stop()));
await Promise.all([redis.stop(), redisOfJudge.stop()]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
