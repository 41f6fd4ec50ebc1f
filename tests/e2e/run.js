// SPDX-License-Identifier: MIT
'use strict';
// Runs the suites against one server:
//   node run.js --server node|PATH [--python PATH] [--workers N]
//     [--parser msgpack|own] [suite...]
// Each suite is a program of its own with its own slice of ports, held against
// other runs on this machine by listening on its last one meanwhile.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

const SUITES = [
  'wire_http.js', 'wire_ws.js', 'wire_sio.js', 'bad_http.js', 'http_diff.js',
  'clients.js', 'ws_client.js', 'python_client.py', 'curl.sh', 'flow.js',
  'conformance.js', 'unix_socket.js', 'engine_client.js', 'proxies.js',
  'tls.js', 'recovery.js', 'parser.js', 'wire_eio3.js',
];

// Of servers of their own: examples/ws_echo, deflate/main.c, examples/restart.
const OTHERS = ['ws_echo.js', 'deflate.js', 'restart.js'];

function parse(argv) {
  const opts = {
    server: 'node', workers: undefined, python: 'python3', parser: undefined,
    peal: undefined,
  };
  const names = [];
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i].replace(/^--/, '');
    if (argv[i].startsWith('--')) {
      if (!(name in opts)) throw new Error(`unknown option ${argv[i]}`);
      opts[name] = argv[++i];
    } else {
      names.push(argv[i]);
    }
  }
  return { opts, names };
}

function suitesOf(names) {
  if (!names.length) return SUITES;
  return names.map((name) => {
    const found = [...SUITES, ...OTHERS]
      .find((s) => s === name || s.split('.')[0] === name);
    if (!found) throw new Error(`unknown suite ${name}`);
    return found;
  });
}

function interpreter(file, opts) {
  if (file.endsWith('.js')) return process.execPath;
  return file.endsWith('.py') ? opts.python : 'bash';
}

const SLICE = 20;

function hold(port) {
  return new Promise((resolve) => {
    const lock = net.createServer();
    lock.once('error', () => resolve(null));
    lock.listen(port, '127.0.0.1', () => resolve(lock));
  });
}

// Below the ephemeral range (lib/server.js), from a place of this process's.
async function slice() {
  for (let i = 0; i < 600; i++) {
    const base = 20000 + ((process.pid * 7 + i) % 600) * SLICE;
    const lock = await hold(base + SLICE - 1);
    if (lock) return { base, lock };
  }
  throw new Error('no slice of ports is free');
}

async function run(file, opts) {
  const { base, lock } = await slice();
  const server = opts.server === 'node' ? 'node'
    : fs.realpathSync(opts.server);
  const args = [path.join(__dirname, file), '--server', server,
    '--port-base', String(base)];
  if (OTHERS.includes(file)) args.push('--python', opts.python);
  for (const name of ['workers', 'parser', 'peal']) {
    if (opts[name] !== undefined) args.push(`--${name}`, opts[name]);
  }
  const result = spawnSync(interpreter(file, opts), args,
    { stdio: 'inherit', timeout: 400000 });
  lock.close();
  return result.status === 0;
}

async function main() {
  const { opts, names } = parse(process.argv.slice(2));
  const failed = [];
  for (const file of suitesOf(names)) {
    console.log(`# ${file}`);
    if (!await run(file, opts)) failed.push(file);
  }
  console.log(failed.length ? `failed: ${failed.join(' ')}`
    : 'all suites passed');
  process.exit(failed.length ? 1 : 0);
}

main();
