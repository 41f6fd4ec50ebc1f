// SPDX-License-Identifier: MIT
// actors: who speaks to a cluster without being one of its nodes: the
// reference's emitters, and Peal's. Each does the commands that it can do.
import path from 'node:path';
import readline from 'node:readline';
import { encode } from '@msgpack/msgpack';
import { Emitter } from '@socket.io/redis-emitter';
import { createClient } from 'redis';
import { argument, Child, python } from './nodes.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const CAN_ALL = ['emit', 'many', 'join', 'leave', 'disconnect', 'call'];

class Actor {
  constructor(name, can) { Object.assign(this, { name, can }); }

  lacks(scenario) {
    return scenario.steps.some((step) => step.do && !step.by && !this.can.includes(step.do));
  }
}

// npm's @socket.io/redis-emitter.
class NodeEmitter extends Actor {
  constructor({ redis }) {
    super('emitter', CAN_ALL);
    this.redis = createClient({ url: redis });
    this.emitter = new Emitter(this.redis);
  }

  async start() {
    await this.redis.connect();
    return this;
  }

  async do(c) {
    let some = this.emitter.of(c.nsp ?? '/');
    if (c.to) some = some.to(c.to);
    if (c.except) some = some.except(c.except);
    if (c.flags?.volatile) some = some.volatile;
    if (c.do === 'emit') some.emit(c.event, ...c.args);
    else if (c.do === 'many') for (let i = 0; i < c.count; i += 1) some.emit(c.event, i);
    else if (c.do === 'join') some.socketsJoin(c.room);
    else if (c.do === 'leave') some.socketsLeave(c.room);
    else if (c.do === 'disconnect') some.disconnectSockets(c.close ?? false);
    else if (c.do === 'call') some.serverSideEmit(c.event, ...c.args);
  }

  stop() { return this.redis.disconnect(); }
}

const hasBinary = (value) => Buffer.isBuffer(value)
  || (value !== null && typeof value === 'object' && Object.values(value).some(hasBinary));

// What the emitter for streams adds; it is in the repository of socket.io, and
// not in npm's registry.
class StreamsEmitter extends Actor {
  constructor({ redis }) {
    super('streams-emitter', CAN_ALL);
    this.redis = createClient({ url: redis });
  }

  async start() {
    await this.redis.connect();
    return this;
  }

  #add(nsp, type, data) {
    const text = hasBinary(data) ? Buffer.from(encode(data)).toString('base64') : JSON.stringify(data);
    return this.redis.xAdd('socket.io', '*', { uid: 'emitter', nsp, type: String(type), data: text },
      { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 10000 } });
  }

  async do(c) {
    const nsp = c.nsp ?? '/';
    const opts = { rooms: c.to ?? [], except: c.except ?? [], flags: c.flags ?? {} };
    const emit = (...data) => this.#add(nsp, 3, { packet: { type: 2, data, nsp }, opts });
    if (c.do === 'emit') await emit(c.event, ...c.args);
    else if (c.do === 'many') for (let i = 0; i < c.count; i += 1) await emit(c.event, i);
    else if (c.do === 'join') await this.#add(nsp, 4, { opts, rooms: [c.room] });
    else if (c.do === 'leave') await this.#add(nsp, 5, { opts, rooms: [c.room] });
    else if (c.do === 'disconnect') await this.#add(nsp, 6, { opts, close: c.close ?? false });
    else if (c.do === 'call') await this.#add(nsp, 9, { packet: [c.event, ...c.args] });
  }

  stop() { return this.redis.disconnect(); }
}

function pack(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, pack(one)]));
}

// A program that takes a line of JSON for each command and answers with one.
class ChildActor extends Actor {
  constructor(name, can, command) {
    super(name, can);
    this.command = command;
    this.waiting = [];
  }

  async start() {
    this.child = new Child(this.command, { stdin: 'pipe' });
    this.child.process.stdin.on('error', () => {});
    readline.createInterface({ input: this.child.process.stdout }).on('line', (line) => {
      if (line !== 'ready') this.waiting.shift()?.(JSON.parse(line));
    });
    this.child.gone.then(() => {
      for (const done of this.waiting.splice(0)) done({ error: this.child.output });
    });
    await this.child.said(/ready\n/);
    return this;
  }

  async do(command) {
    const { error } = await new Promise((done) => {
      this.waiting.push(done);
      this.child.process.stdin.write(`${JSON.stringify(pack(command))}\n`);
    });
    if (error) throw new Error(`${this.name}: ${command.do}: ${error}`);
  }

  stop() { return this.child.end(); }
}

const script = (kind, { redis, channel }) => [python(), path.join(here, '../emitters/emitter.py'),
  '--kind', kind, '--redis', redis, '--channel', channel];

// A worker process runs the task that a script calls.
class CeleryActor extends ChildActor {
  constructor(opts) {
    super('celery', ['emit', 'many'], script('celery', opts));
    this.worker = [python(), '-m', 'celery', '--workdir', path.join(here, '../emitters'), '-A', 'tasks',
      'worker', '--pool', 'solo', '--without-gossip', '--without-mingle', '--loglevel', 'info'];
    this.env = { TASKS_REDIS: opts.redis, TASKS_CHANNEL: opts.channel, PYTHONDONTWRITEBYTECODE: '1' };
  }

  async start() {
    this.celery = new Child(this.worker, { env: this.env });
    await Promise.all([super.start(), this.celery.said(/ ready\.\n/, 60000)]);
    return this;
  }

  async stop() {
    await super.stop();
    return this.celery.end();
  }
}

const DIALECTS = { classic: 'node', dynamic: 'sharded', static: 'sharded-static', 'dynamic-private': 'sharded-private' };
const LONGEST_WORD = 100000; // the system takes no longer ones

function plain(value) {
  if (Buffer.isBuffer(value)) return { $base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

// The command line, once for each event.
class Command extends Actor {
  constructor({ redis, mode, channel }) {
    super('command', ['emit']);
    this.words = ['emit', '--redis', redis, '--dialect', DIALECTS[mode] ?? mode,
      ...channel ? ['--channel', channel] : []];
    this.peal = path.resolve(argument('peal', path.join(process.env.PEAL_BIN ?? 'build/release/bin', 'peal')));
  }

  async start() { return this; }

  lacks(scenario) { return super.lacks(scenario) || scenario.steps.some(({ flags }) => flags); }

  async do(c) {
    const many = (name, list) => (list ?? []).flatMap((one) => [name, one]);
    const values = c.args.map((one) => JSON.stringify(plain(one)));
    const input = values.find((one) => one.length > LONGEST_WORD);
    const child = new Child([this.peal, ...this.words, '-n', c.nsp ?? '/', ...many('--room', c.to),
      ...many('--except', c.except), '--', c.event, ...values.map((one) => (one === input ? '-' : one))], { stdin: 'pipe' });
    child.process.stdin.on('error', () => {});
    child.process.stdin.end(input ?? '');
    const { code, err } = await child.gone;
    if (err) throw err;
    // In a room of nobody it is heard by no server, which is said.
    if (code !== 0) throw new Error(`peal emit ended with ${code}: ${child.output}`);
  }

  async stop() {}
}

const pealEmitter = () => path.resolve(argument('emitter',
  path.join(process.env.PEAL_BIN ?? 'build/release/bin', 'peal-cluster-emitter')));

const KINDS = {
  emitter: (opts) => new NodeEmitter(opts),
  'streams-emitter': (opts) => new StreamsEmitter(opts),
  manager: (opts) => new ChildActor('manager', ['emit', 'many', 'join', 'leave', 'close_room'], script('manager', opts)),
  flask: (opts) => new ChildActor('flask', ['emit', 'many'], script('flask', opts)),
  celery: (opts) => new CeleryActor(opts),
  command: (opts) => new Command(opts),
  peal: ({ redis, mode, channel }) => new ChildActor('peal', mode === 'python' ? CAN_ALL.slice(0, -1) : CAN_ALL,
    [pealEmitter(), redis, mode, ...channel ? [channel] : []]),
};

export async function startActors(names, opts) {
  return Promise.all(names.map((name) => KINDS[name](opts).start()));
}
