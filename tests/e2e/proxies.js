// SPDX-License-Identifier: MIT
'use strict';
// Real proxies in front of the server: nginx, HAProxy and Caddy as people
// set them up.
// The client calls from 127.0.0.2, so that its address and the proxy's differ.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { io } = require('socket.io-client');
const { test, run, sleep, until } = require('./lib/suite');
const { freePort, privateServer } = require('./lib/server');
const { CLIENT, folder, nginxOf, nginx, haproxyOf, caddyOf, version }
  = require('./lib/proxy');

let count = 0;

async function haproxy(t, mode, server, more = '') {
  const port = await freePort();
  return haproxyOf(t, port, `
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend a
  bind 127.0.0.1:${port}
  default_backend b
backend b
  ${more}
  server s 127.0.0.1:${server}`);
}

// A block of the guide, with our ports in it and without TLS.
function documented(title, edits, page = 'deploying.md') {
  const guide = fs.readFileSync(path.join(__dirname, '..', '..', 'docs',
    'guide', page), 'utf8');
  const block = new RegExp(`\n## ${title}\n\n\`\`\`\\w*\n([^]*?)\`\`\``)
    .exec(guide);
  assert.ok(block, `no block of ${title}`);
  return edits.reduce((text, [from, to]) => {
    assert.match(text, from);
    return text.replace(from, to);
  }, block[1]);
}

// -- the client ---------------------------------------------------------------

async function serve(t, flags = {}) {
  const server = await privateServer(flags);
  t.after(() => server.expected || server.stop());
  return server;
}

// A page of the proxy's own origin, with the official client.
function page(t, port, transports, headers = {}) {
  const url = `http://127.0.0.1:${port}`;
  const socket = io(url, {
    transports, forceNew: true, reconnection: false,
    agent: new http.Agent({ localAddress: CLIENT }),
    extraHeaders: { Origin: url, ...headers },
  });
  t.after(() => socket.close());
  return socket;
}

const settled = (socket) => new Promise((resolve) => {
  socket.once('connect', () => resolve(null));
  socket.once('connect_error', (error) => resolve(error));
});

const WAYS = [['polling'], ['websocket'], ['polling', 'websocket']];

// Over each transport; returns the address that the server saw.
async function works(t, port, headers) {
  const seen = new Set();
  for (const transports of WAYS) {
    const socket = page(t, port, transports, headers);
    assert.equal(await settled(socket), null, transports.join());
    await until(() => socket.io.engine.transport.name === transports.at(-1),
      'the upgrade');
    for (let i = 0; i < 5; i++) {
      assert.equal(await socket.timeout(20000).emitWithAck('echo', i), i);
    }
    const large = 'x'.repeat(200000);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', large), large);
    seen.add(await socket.timeout(20000).emitWithAck('address'));
    socket.close();
  }
  assert.equal(seen.size, 1);
  return [...seen][0];
}

async function refused(t, port) {
  for (const transports of WAYS.slice(0, 2)) {
    assert.ok(await settled(page(t, port, transports)), transports.join());
  }
}

const said = (server, text) => until(() => server.stderr.includes(text),
  `"${text}" in the log`);

// -- nginx --------------------------------------------------------------------

const APPENDED = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;';
const UPGRADE = 'proxy_set_header Connection $connection_upgrade;';
const CALLED = 'proxy_set_header X-Forwarded-Host $http_host;';

test('nginx with Host $host, as Socket.IO documents it', { only: 'peal' },
  async (t) => {
    const server = await serve(t);
    const port = await nginx(t, `127.0.0.1:${server.port}`, [
      APPENDED, 'proxy_set_header Host $host;',
      'proxy_set_header Connection "upgrade";']);
    assert.equal(await works(t, port), '127.0.0.1');
  });

test('nginx that is trusted: Host rewritten, X-Forwarded-Host',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: '127.0.0.1' });
    const port = await nginx(t, `127.0.0.1:${server.port}`,
      [APPENDED, CALLED, UPGRADE]);
    assert.equal(await works(t, port), CLIENT);
    // What the client says itself stands before what the proxy appended.
    const forged = { 'X-Forwarded-For': '6.6.6.6, 127.0.0.1' };
    assert.equal(await works(t, port, forged), CLIENT);
  });

test('nginx that is not trusted: refused, and the log says why',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: '10.0.0.0/8' });
    const port = await nginx(t, `127.0.0.1:${server.port}`,
      [APPENDED, CALLED, UPGRADE]);
    await refused(t, port);
    await said(server, `origin http://127.0.0.1:${port} refused`);
    await said(server, 'name that in proxies');
  });

test('nginx that writes Forwarded', { only: 'peal' }, async (t) => {
  const server = await serve(t, { proxies: 'loopback' });
  const port = await nginx(t, `127.0.0.1:${server.port}`, [UPGRADE,
    'proxy_set_header Forwarded "for=$remote_addr;host=\\"$http_host\\"";']);
  assert.equal(await works(t, port), CLIENT);
});

test('nginx over a Unix socket', { only: 'peal' }, async (t) => {
  const unix = path.join(folder, `${count++}.sock`);
  await serve(t, { unix, proxies: 'unix' });
  const port = await nginx(t, `unix:${unix}`,
    ['proxy_set_header X-Forwarded-For $remote_addr;', CALLED, UPGRADE]);
  assert.equal(await works(t, port), CLIENT);
});

test('each client of a proxy has the limit of one address',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: 'loopback', maxPerAddress: 1 });
    const port = await nginx(t, `127.0.0.1:${server.port}`,
      [APPENDED, CALLED, UPGRADE]);
    const sockets = [0, 1, 2].map(() => page(t, port, ['websocket']));
    const all = await Promise.all(sockets.map(settled));
    assert.deepEqual(all, [null, null, null]);
  });

// -- HAProxy ------------------------------------------------------------------

for (const mode of ['http', 'tcp']) {
  test(`HAProxy in mode ${mode} with the PROXY protocol`, { only: 'peal' },
    async (t) => {
      const server = await serve(t, { proxies: '127.0.0.1', proxyProtocol: 1 });
      const port = await haproxy(t, mode, `${server.port} send-proxy-v2`);
      assert.equal(await works(t, port), CLIENT);
    });
}

test('HAProxy that sends more than addresses, and checks of health',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: '127.0.0.1', proxyProtocol: 1 });
    const port = await haproxy(t, 'http', `${server.port} send-proxy-v2 ` +
      'proxy-v2-options unique-id,crc32c check inter 200 check-send-proxy',
    'option httpchk GET /hello');
    await sleep(1000); // several checks: the server is still up after them
    assert.equal(await works(t, port), CLIENT);
  });

test('HAProxy with the PROXY protocol over a Unix socket', { only: 'peal' },
  async (t) => {
    const unix = path.join(folder, `${count++}.sock`);
    const server = await serve(t, { unix, proxies: 'unix', proxyProtocol: 1 });
    const port = await freePort();
    await haproxyOf(t, port, `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen a
  bind 127.0.0.1:${port}
  server s unix@${unix} send-proxy-v2`);
    assert.equal(await works(t, port), CLIENT);
    // At its port, where it trusts nobody, it is a server as ever.
    const answer = await fetch(`http://127.0.0.1:${server.port}/hello`);
    assert.equal(await answer.text(), 'hello');
  });

test('HAProxy with option forwardfor', { only: 'peal' }, async (t) => {
  const server = await serve(t, { proxies: 'loopback' });
  const port = await haproxy(t, 'http', server.port, 'option forwardfor');
  assert.equal(await works(t, port), CLIENT);
});

test('a PROXY header that nobody asked for is refused, and the log says why',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: '127.0.0.1' });
    const port = await haproxy(t, 'http', `${server.port} send-proxy-v2`);
    await refused(t, port);
    await said(server, 'a header of the PROXY protocol');
  });

test('a proxy that ought to send one and does not is closed',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: '127.0.0.1', proxyProtocol: 1 });
    const port = await haproxy(t, 'http', server.port);
    await refused(t, port);
    await said(server, 'no header of the PROXY protocol');
  });

// -- as the guide says ----------------------------------------------------------

test('the configuration of nginx in the guide', { only: 'peal' }, async (t) => {
  const server = await serve(t, { proxies: '127.0.0.1' });
  const port = await freePort();
  await nginxOf(t, port, documented('nginx', [
    [/listen 443 ssl;/, `listen 127.0.0.1:${port};`],
    [/ssl_certificate .*\n/, ''], [/ssl_certificate_key .*\n/, ''],
    [/server 127\.0\.0\.1:3000;/, `server 127.0.0.1:${server.port};`]]));
  assert.equal(await works(t, port), CLIENT);
});

test('the configuration of HAProxy in the guide', { only: 'peal' },
  async (t) => {
    const server = await serve(t, { proxies: '127.0.0.1', proxyProtocol: 1 });
    const port = await freePort();
    await haproxyOf(t, port, documented('HAProxy', [
      [/bind :443 ssl crt \S+/, `bind 127.0.0.1:${port}`],
      [/127\.0\.0\.1:3000/, `127.0.0.1:${server.port}`]]));
    assert.equal(await works(t, port), CLIENT);
  });

const caddyAt = async (t, server) => {
  const port = await freePort();
  return caddyOf(t, port, documented('Caddy', [
    [/example\.org/, `http://127.0.0.1:${port}`],
    [/127\.0\.0\.1:3000/, `127.0.0.1:${server.port}`]], 'proxies.md'));
};

test('the configuration of Caddy in the guide', { only: 'peal' }, async (t) => {
  const server = await serve(t, { proxies: '127.0.0.1' });
  const port = await caddyAt(t, server);
  assert.equal(await works(t, port), CLIENT);
  const forged = { 'X-Forwarded-For': '6.6.6.6' };
  assert.equal(await works(t, port, forged), CLIENT);
});

// -- what a proxy must not spoil --------------------------------------------------

const FRONTS = {
  nginx: (t, server) =>
    nginx(t, `127.0.0.1:${server.port}`, [APPENDED, CALLED, UPGRADE]),
  HAProxy: (t, server) => haproxy(t, 'http', server.port, 'option forwardfor'),
  Caddy: caddyAt,
};

for (const [name, front] of Object.entries(FRONTS)) {
  test(`permessage-deflate through ${name}`, { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: 'loopback', deflate: 1 });
    const url = `http://127.0.0.1:${await front(t, server)}`;
    const socket = io(url, { transports: ['websocket'], forceNew: true,
      reconnection: false, perMessageDeflate: { threshold: 0 } });
    t.after(() => socket.close());
    assert.equal(await settled(socket), null);
    assert.match(socket.io.engine.transport.ws.extensions,
      /permessage-deflate/);
    const text = 'again and '.repeat(2000);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', text), text);
  });
}

const brief = (port, servers, balance) => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen a
  bind 127.0.0.1:${port}
  balance ${balance}
  option forwardfor
  ${servers.map((one, i) => `server s${i} 127.0.0.1:${one.port}`).join('\n  ')}`;

test('two processes: polling needs the same one, WebSocket does not',
  { only: 'peal' }, async (t) => {
    const servers = [await serve(t), await serve(t)];
    for (const [balance, fits] of [['source', true], ['roundrobin', false]]) {
      const port = await freePort();
      await haproxyOf(t, port, brief(port, servers, balance));
      const polled = page(t, port, ['polling']);
      assert.equal(await settled(polled) === null, fits, balance);
      if (fits) assert.equal(await polled.emitWithAck('echo', 1), 1);
      assert.equal(await settled(page(t, port, ['websocket'])), null);
    }
  });

test('the heartbeat keeps a silent client open behind a short time limit',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: 'loopback', pingInterval: 500 });
    const port = await nginx(t, `127.0.0.1:${server.port}`,
      [APPENDED, CALLED, UPGRADE, 'proxy_read_timeout 3s;']);
    const socket = page(t, port, ['websocket']);
    assert.equal(await settled(socket), null);
    await sleep(4000);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', 1), 1);
  });

test('nginx reads its configuration again, and clients stay',
  { only: 'peal' }, async (t) => {
    const server = await serve(t, { proxies: 'loopback' });
    const port = await FRONTS.nginx(t, server);
    const socket = page(t, port, ['websocket']);
    assert.equal(await settled(socket), null);
    t.proxy.kill('SIGHUP');
    await sleep(500);
    assert.equal(await socket.timeout(20000).emitWithAck('echo', 1), 1);
    assert.equal(await settled(page(t, port, ['websocket'])), null);
    socket.close(); // else the old worker waits for it
  });

test('the programs are there', async () => {
  for (const name of ['nginx', 'haproxy', 'caddy']) {
    const ran = version(name);
    assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
  }
});

run({ parallel: 2 });
