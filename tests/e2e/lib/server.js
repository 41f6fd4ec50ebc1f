// SPDX-License-Identifier: MIT
'use strict';
// Starts the fixture under test: `--server` and the path of a binary, or one of
// PEERS below.
const { spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');

const running = new Map(); // key of flags -> promise of a server
const all = new Set();
const crashes = [];

function argument(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

const target = () => argument('server', process.env.PEAL_E2E_SERVER || 'node');

const canBind = (port) => new Promise((resolve) => {
  const probe = net.createServer();
  probe.once('error', () => resolve(false));
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
});

let nextPort;

// Ports lie below the ephemeral range, so that no client of this machine takes
// one between a kill and a restart; each suite has its own slice.
async function freePort() {
  if (nextPort === undefined) nextPort = Number(argument('port-base', 23000));
  for (let i = 0; i < 200; i++) {
    const port = nextPort++;
    if (await canBind(port)) return port;
  }
  throw new Error('no free port found');
}

const script = (name, ...args) => [process.execPath,
  [path.join(__dirname, '..', name), ...args]];
const python = (kind) => [argument('python', 'python3'),
  [path.join(__dirname, '..', 'fixture_python.py'), '--kind', kind]];

// Servers that are no program of ours, by what `--server` calls them.
const PEERS = {
  node: () => script('fixture_node.js'),
  'node-3': () => script('fixture_node.js', '--package', 'socket.io-3'),
  'node-2': () => script('fixture_node.js', '--package', 'socket.io-2'),
  asgi: () => python('asgi'),
  flask: () => python('flask'),
};

function command(flags, kind) {
  const args = [];
  for (const [name, value] of Object.entries(flags)) {
    const flag = name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    args.push(`--${flag}`, String(value));
  }
  if (!PEERS[kind]) return [path.resolve(kind), args];
  const [program, first] = PEERS[kind]();
  return [program, [...first, ...args]];
}

function launch(flags, kind) {
  const [program, args] = command(flags, kind);
  const proc = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const server = {
    proc, port: flags.port, flags, stdout: '', stderr: '', expected: false,
  };
  all.add(server);
  server.exit = new Promise((resolve) => {
    proc.once('error', (err) => resolve({ error: err }));
    proc.once('exit', (code, signal) => {
      all.delete(server);
      if (!server.expected) {
        crashes.push(`exited with ${signal || code}: ${server.stderr}`);
      }
      resolve({ code, signal });
    });
  });
  proc.stderr.on('data', (data) => {
    server.stderr = (server.stderr + data).slice(-16000);
    if (process.env.PEAL_E2E_VERBOSE) process.stderr.write(data);
  });
  server.signal = (name) => { server.expected = true; proc.kill(name); };
  server.kill = async () => { server.signal('SIGKILL'); await server.exit; };
  server.stop = async () => {
    server.signal('SIGTERM');
    // A stop may use its grace of 4 s, and more on a busy machine.
    const hard = setTimeout(() => {
      crashes.push('did not stop within 12 s of SIGTERM');
      proc.kill('SIGKILL');
    }, 12000);
    const result = await server.exit;
    clearTimeout(hard);
    // Whatever went on before, a stop ends well; sanitizers speak up here.
    if (result.code !== 0) {
      crashes.push(`stopped with ${result.signal || result.code}: ` +
        server.stderr);
    }
    return result;
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`server not ready: ${server.stderr}`)), 60000);
    proc.stdout.on('data', (data) => {
      server.stdout += data;
      const found = /ready (\d+)\n/.exec(server.stdout);
      if (found) {
        clearTimeout(timer);
        server.port = Number(found[1]);
        resolve(server);
      }
    });
    server.exit.then((why) => {
      clearTimeout(timer);
      reject(new Error(`server did not start: ${JSON.stringify(why)} ` +
        `${why.error || ''} ${server.stderr}`));
    });
  });
}

// What the whole run is about.
const ofRun = () => Object.fromEntries(['workers', 'parser']
  .map((name) => [name, argument(name, undefined)])
  .filter(([, value]) => value !== undefined));
const withOurs = (flags) => ({ ...ofRun(), ...flags });

// One server per set of flags, shared by the cases of a suite.
function startServer(flags = {}) {
  const key = JSON.stringify(flags);
  if (!running.has(key)) running.set(key, privateServer(flags));
  return running.get(key);
}

// A server of one's own, to be killed and restarted.
async function privateServer(flags = {}, kind = target()) {
  const port = flags.port || await freePort();
  return launch({ ...withOurs(flags), port }, kind);
}

async function stopAll() {
  // SIGTERM is part of what is tested: a graceful stop, whatever hangs on.
  await Promise.all([...all].map((server) => server.stop()));
  return crashes;
}

process.once('exit', () => {
  for (const server of all) server.proc.kill('SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => process.exit(1));
}

module.exports = {
  startServer, privateServer, stopAll, target, freePort, argument,
};
