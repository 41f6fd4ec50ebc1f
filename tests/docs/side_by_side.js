// SPDX-License-Identifier: MIT
// One client script speaks to a program of another library and to its twin in C
// (examples/side_by_side), and has to see the same from both. The pages of the
// guide print both, as they are.
//   node side_by_side.js flask|node|rust|go PROGRAM-IN-C [PROGRAM | PYTHON]
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { createRequire } = require('node:module');

const source = process.env.PEAL_SOURCE || path.resolve(__dirname, '../..');
const { io } = createRequire(
  path.join(source, 'tests/e2e/package.json'))('socket.io-client');
const [kind, ours, program] = process.argv.slice(2);
const here = path.join(source, 'tests/docs/side_by_side');
const KINDS = {
  flask: { file: 'app.py', page: 'migrating-from-flask-socketio',
    run: (file) => [program, [file]] },
  node: { file: 'app.js', page: 'migrating-from-node',
    run: (file) => [process.execPath, [file]] },
  rust: { file: 'rust/src/main.rs', page: 'migrating-from-rust-and-go',
    run: () => [program, []] },
  go: { file: 'go/main.go', page: 'migrating-from-rust-and-go',
    run: () => [program, []] }
};

const TRANSPORTS = ['polling', 'websocket'];
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

function freePort() {
  return new Promise((done) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function start(command, args, port) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PORT: String(port),
      NODE_PATH: path.join(source, 'tests/e2e/node_modules') }
  });
  children.push(child);
  let words = '';
  child.stderr.on('data', (data) => { words += data; });
  for (let i = 0; i < 600; i++) {
    assert.strictEqual(child.exitCode, null, words);
    try {
      await fetch(`http://127.0.0.1:${port}/health`,
        { signal: AbortSignal.timeout(5000) });
      return child;
    } catch {
      await wait(50);
    }
  }
  throw new Error(`${command} does not listen: ${words}`);
}

// -- what a client sees ---------------------------------------------------------

// Everything that came, in order of arrival and by who heard it.
class Client {
  constructor(url, name, transports, token = 'open sesame') {
    this.name = name;
    this.heard = [];
    this.socket = io(url, { transports, forceNew: true, reconnection: false,
      auth: { name, token } });
    this.outcome = new Promise((done) => {
      this.socket.once('connect', () => done('connected'));
      this.socket.once('connect_error', (error) =>
        done({ refused: error.message, data: error.data ?? null }));
    });
    this.socket.onAny((...args) => this.heard.push(args));
    this.socket.on('question', (text, ack) => ack(`${name}: tea`));
  }

  settled() { return this.outcome; }

  ask(...args) {
    return this.socket.timeout(10000).emitWithAck(...args);
  }

  async next() {
    for (let i = 0; i < 1000 && !this.heard.length; i++) await wait(10);
    assert.ok(this.heard.length, `${this.name} heard nothing`);
    return this.heard.shift().filter((one) => typeof one !== 'function');
  }
}

async function conversation(port, transports, see) {
  const url = `http://127.0.0.1:${port}`;
  const all = [];
  const client = (...args) => {
    all.push(new Client(...args));
    return all.at(-1);
  };
  const stranger = client(url, 'eve', transports, 'guess');
  see('a stranger', await stranger.settled());
  const nobody = client(`${url}/no-such`, 'eve', transports);
  // Flask refuses it without a word.
  see('no such namespace', 'refused' in Object(await nobody.settled()));
  const ada = client(url, 'ada', transports);
  const bob = client(url, 'bob', transports);
  for (const one of [ada, bob]) {
    see(one.name, await one.settled());
    see(one.name, await one.next());
  }
  see('ack', await ada.ask('enter', 'kitchen'));
  see('ack', await bob.ask('enter', 'kitchen'));
  see('ada', await ada.next());
  see('ack', await bob.ask('say', 'kitchen', { text: 'smells ', n: [1, 2.5, null] }));
  for (const one of [ada, bob]) see(one.name, await one.next());
  see('ack', await bob.ask('leave', 'kitchen'));
  see('ack', await ada.ask('say', 'kitchen', 'Grüße 👋'));
  see('ada', await ada.next());
  ada.socket.emit('shout', 'dinner');
  see('bob', await bob.next());
  for (const bytes of [[1, 2, 255], []]) {
    const { size, data } = await ada.ask('picture', Buffer.from(bytes));
    see('picture', { size, data: [...data] });
  }
  bob.socket.emit('ask me');
  see('bob', await bob.next());
  see('bob', await bob.next());
  ada.socket.disconnect();
  see('bob', await bob.next());
  const clock = client(`${url}/clock`, 'bob', transports);
  see('clock', await clock.settled());
  const first = await clock.next();
  const second = await clock.next();
  see('clock', [first[0], second[0], second[1] - first[1]]);
  see('not heard', [ada.heard, bob.heard]);
  const health = await fetch(`${url}/health`);
  see('health', [health.status, await health.json()]);
  see('no such page', (await fetch(`${url}/no-such`)).status);
  all.forEach((one) => one.socket.disconnect());
}

async function record(command, args) {
  const port = await freePort();
  const child = await start(command, args(port), port);
  const seen = [];
  for (const transports of TRANSPORTS.map((name) => [name])) {
    await conversation(port, transports, (who, what) =>
{
      if (process.env.VERBOSE) console.error(JSON.stringify([who, what]));
      seen.push([transports[0], who, what]);
    });
  }
  child.kill('SIGKILL');
  return seen;
}

// -- what the pages print -------------------------------------------------------

const page = (name) =>
  fs.readFileSync(path.join(source, 'docs/guide', `${name}.md`), 'utf8');

function printed(name, file, language) {
  const text = fs.readFileSync(file, 'utf8')
    .replace(/^(\/\*[^]*?\*\/\n|\/\/ SPDX.*\n|# SPDX.*\n)+/, '').trim();
  assert.ok(page(name).includes(`\`\`\`${language}\n${text}\n\`\`\``),
    `docs/guide/${name}.md does not print ${file} as it is`);
}

async function main() {
  const { file, page: name, run } = KINDS[kind];
  const original = path.join(here, file);
  printed(name, original, { '.py': 'python', '.js': 'js', '.rs': 'rust',
    '.go': 'go' }[path.extname(file)]);
  printed('side-by-side', path.join(source, 'examples/side_by_side/main.c'), 'c');
  const [command, args] = run(original);
  const theirs = await record(command, () => args);
  const peal = await record(ours, (port) => [String(port)]);
  assert.ok(theirs.length > 40, `only ${theirs.length} things were seen`);
  assert.deepStrictEqual(peal, theirs);
  console.log(`${kind}: ${peal.length} things seen, the same from both`);
  if (process.env.VERBOSE) for (const one of peal) console.log(JSON.stringify(one));
}

setTimeout(() => {
  console.error('no end in sight');
  process.exit(1);
}, 50000);
main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
