// SPDX-License-Identifier: MIT
'use strict';
// The scenarios, by one client, over each transport:
//   node run.js --server PATH --client NAME [--only TEXT] [--python PATH]
//     [--built FOLDER] [--workers N] [--via WAY] [--parser msgpack]
//     [--transport NAME] [--deflate 1]
// `--server node` runs them against the official server, as a test of the
// test; `node-3`, `asgi` and `flask` are further servers for clients of ours.
// WAY is between them: `tls` (the server speaks it), `nginx`, `nginx-tls`. A
// driver that is not built is a failure.
const path = require('node:path');
const { test, run, atEnd, until } = require('../e2e/lib/suite');
const { privateServer, argument } = require('../e2e/lib/server');
const { Driver } = require('./lib/remote');
const { nginx } = require('../e2e/lib/proxy');
const { Certs } = require('../e2e/lib/certs');
const { Wiretap } = require('./lib/wiretap');
const scenarios = require('./scenarios');

const built = argument('built', path.join(__dirname, '../../build/interop'));
const script = (name) => path.join(__dirname, 'drivers', name);
const CLIENTS = {
  js: [process.execPath, script('js.js'), 'socket.io-client'],
  'js-4.5': [process.execPath, script('js.js'), 'socket.io-client-4-5'],
  'js-3.1': [process.execPath, script('js.js'), 'socket.io-client-3-1'],
  'js-2.5': [process.execPath, script('js.js'), 'socket.io-client-2-5'],
  engine: [process.execPath, script('js.js'), 'engine.io-client'],
  python: [argument('python', 'python3'), script('python_driver.py')],
  java: ['java', '-cp', [path.join(built, 'java', 'classes'),
    path.join(built, 'java', 'lib', '*')].join(':'), 'JavaDriver'],
  go: [path.join(built, 'go', 'driver')],
  rust: [path.join(built, 'rust', 'release', 'peal-interop-rust')],
  peal: [argument('driver')],
  'peal-threads': [argument('driver'), '--threads'],
};
const TRANSPORTS = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

// What these servers lack: python-socketio gives no reason as the others do.
const SERVER_LACKS = { asgi: ['reason'], flask: ['reason'] };

const via = argument('via', 'nothing');
const isTls = via.endsWith('tls');
const certs = isTls ? new Certs() : undefined;
if (isTls) {
  certs.authority();
  certs.certificate('site');
}

// Version 3 of Engine.IO: the one client of it that is another, and with
// `--eio3` Peal's.
const isEio3 = process.argv.includes('--eio3');
const name = argument('client', 'js');
const isDeflated = argument('deflate') === '1';
const FLAGS = {
  // Who goes without a word is missed within 20 s.
  ...name === 'python' && { pingInterval: 10000, pingTimeout: 10000 },
  ...(isEio3 || name === 'js-2.5') && { eio3: 1 },
  ...isDeflated && { deflate: 1 },
};
// Which of them have permessage-deflate; python's WebSocket has not.
const DEFLATES = /^(js|engine|peal)/.test(name);

// One for all cases, which say by `tap` where it goes on.
const between = { after: (fn) => process.once('exit', fn) };
let proxy;
function proxied() {
  proxy ||= nginx(between, '127.0.0.1:$arg_tap', [
    'proxy_set_header Connection $connection_upgrade;',
    'proxy_set_header Host $http_host;', 'proxy_buffering off;',
  ], isTls && certs.at('site'));
  return proxy;
}

if (!CLIENTS[name]) {
  console.error(`run.js: clients are ${Object.keys(CLIENTS).join(', ')}`);
  process.exit(2);
}

// One process has the clients of all cases, until it breaks.
let shared;
function driver() {
  if (!shared) {
    const fresh = new Driver(CLIENTS[name]);
    shared = fresh;
    fresh.failed.then(() => { if (shared === fresh) shared = undefined; });
    if (name.startsWith('peal')) atEnd(() => fresh.end());
  }
  return shared;
}

// What a scenario has in its hands.
class On {
  constructor(t, transport) {
    this.t = t;
    this.transport = transport;
    this.driver = driver();
    this.sockets = [];
    this.until = (fn) => until(fn, 'the condition');
  }

  async begin() {
    const hello = await Promise.race([this.driver.hello,
      this.driver.failed.then((err) => { throw err; })]);
    this.lacks = new Set(
      [...hello.lacks, ...SERVER_LACKS[argument('server')] || [],
        ...isEio3 ? ['auth-values', 'message-with-data'] : []]);
  }

  flags() {
    return { ...FLAGS, ...via === 'tls' && { tls: certs.at('site') } };
  }

  serve(flags = {}) {
    return privateServer({ ...flags, ...this.flags() });
  }

  async listen(isPrivate) {
    this.server = isPrivate ? await this.serve()
      : await this.t.server(this.flags());
    this.tap = await new Wiretap(this.server.port).open();
    this.t.after(() => this.tap.close());
    if (isPrivate) this.t.after(() => this.server.stop());
    this.port = via.startsWith('nginx') ? await proxied() : this.tap.port;
  }

  open(opts = {}) {
    const socket = this.driver.open({
      url: `${isTls ? 'https' : 'http'}://127.0.0.1:${this.port}`,
      transports: TRANSPORTS[this.transport],
      opts: {
        ...isEio3 && { eio3: true },
        ...isTls && { ca: certs.at('ca.crt') },
        parser: argument('parser'),
        ...isDeflated && { perMessageDeflate: { threshold: 0 } },
        ...via.startsWith('nginx') && { query: { tap: String(this.tap.port) } },
      },
      ...opts,
    });
    this.t.after(() => socket.close());
    this.sockets.push(socket);
    return socket;
  }

  async connected(opts) {
    const socket = this.open(opts);
    await Promise.race([socket.connected(), socket.refused().then((why) => {
      throw new Error(`refused: ${JSON.stringify(why)}`);
    })]);
    return socket;
  }

  // The server is killed; when `noticed` it is started again.
  async restart(noticed) {
    await this.server.kill();
    await noticed();
    this.server = await this.serve({ port: this.server.port });
  }

  // Was a WebSocket compressed if, and only if, both sides are to do it?
  checkDeflated() {
    const { opened, deflated } = this.tap;
    const wanted = isDeflated && DEFLATES ? opened : 0;
    if (deflated !== wanted) {
      throw new Error(`${deflated} of ${wanted} WebSockets are compressed`);
    }
  }

  // Went it over the transport that was meant? Where nobody can look inside,
  // the client is asked.
  async check() {
    if (via === 'nothing') this.checkDeflated();
    if (via === 'tls') {
      for (const socket of this.sockets) {
        const wanted = TRANSPORTS[this.transport].at(-1);
        await until(async () => {
          const { connected, transport } = await socket.state();
          return !connected || transport === wanted;
        }, wanted);
      }
      return;
    }
    const { polling, fresh, upgrades } = this.tap;
    const seen = JSON.stringify({ polling, fresh, upgrades });
    const fine = {
      polling: () => polling > 1 && !fresh && !upgrades,
      websocket: () => !polling && fresh > 0 && !upgrades,
      upgrade: () => this.tap.polling > 0 && this.tap.upgrades > 0,
    }[this.transport];
    if (this.transport === 'upgrade') await until(fine, 'the upgrade');
    else if (!fine()) throw new Error(`another transport: ${seen}`);
  }
}

const only = argument('transport');
for (const transport of only ? [only] : Object.keys(TRANSPORTS)) {
  for (const { name: what, needs, fn } of scenarios) {
    const isPrivate = needs.includes('reconnect');
    test(`${what} [${name}, ${transport}]`, { limit: 180000 }, async (t) => {
      const on = new On(t, transport);
      await on.begin();
      const lacks = [transport, ...needs].filter((one) => on.lacks.has(one));
      if (lacks.length) t.skip(`the client has no ${lacks.join(', ')}`);
      await on.listen(isPrivate);
      await fn(on);
      if (!what.includes('refused')) await on.check();
    });
  }
}

run({ parallel: Number(argument('parallel', 4)) });
