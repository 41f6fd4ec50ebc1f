// SPDX-License-Identifier: MIT
'use strict';
// Engine.IO over HTTP: handshakes, options, refusals, CORS, cookies, client
// files, compression (sections 1.1, 1.3, 1.5, 3.1 of the reference).
const { POLL, WS } = require('../lib/on');

const BASE = '/socket.io/?EIO=4';
const sidOf = (res) => JSON.parse(res.text.slice(1)).sid;

module.exports = ({ scenario }) => {
  const get = (name, target, headers, flags) =>
    scenario(name, flags || {}, (on) => on.get(target, headers));

  // -- handshakes ------------------------------------------------------------
  get('handshake over polling', POLL);
  scenario('handshake over WebSocket', async (on) => {
    await (await on.websocket()).next();
  });
  get('path: what continues behind it', '/socket.io/more?EIO=4&transport=polling');
  get('path: without its slash', '/socket.io?EIO=4&transport=polling');
  get('path: another one is nobody\'s', '/socket.iox/?EIO=4&transport=polling');
  get('path: option', '/chat/?EIO=4&transport=polling', {}, { path: '/chat' });
  get('path: of two segments', '/a/b/?EIO=4&transport=polling', {},
    { path: '/a/b/' });
  get('path: the default is not served beside an option', POLL, {},
    { path: '/chat' });
  get('addTrailingSlash false', '/socket.io?EIO=4&transport=polling', {},
    { trailingSlash: 0 });
  get('pingInterval, pingTimeout, maxHttpBufferSize are announced', POLL, {},
    { pingInterval: 700, pingTimeout: 900, maxPayload: 12345 });
  get('allowUpgrades false', POLL, {}, { upgrades: 0 });
  get('transports: polling alone', POLL, {}, { transports: 1 });
  get('transports: polling where there is WebSocket alone', POLL, {},
    { transports: 2 });
  scenario('transports: WebSocket alone', { transports: 2 }, async (on) => {
    await (await on.websocket()).next();
  });
  scenario('transports: WebSocket where there is polling alone',
    { transports: 1 }, (on) => on.websocket(WS, {}, 1000));
  scenario('allowUpgrades false refuses no upgrade',
    { upgrades: 0, upgradeTimeout: 300 }, async (on) => {
      const e = await on.engine('polling');
      const ws = await on.websocket(`${WS}&sid=${e.engine.sid}`);
      if (ws) await ws.end();
    });
  scenario('headers hooks: initial_headers and headers', async (on) => {
    const e = await on.engine('polling');
    e.answer(await e.engine.post('40'));
    e.answer(await e.engine.get());
  });
  get('an old browser gets X-XSS-Protection', POLL,
    { 'User-Agent': 'Mozilla/5.0 (Windows NT 6.1; Trident/7.0)' });
  get('cookie', POLL, {}, { cookie: 1 });
  scenario('cookie: not with a WebSocket', { cookie: 1 }, (on) =>
    on.websocket());
  scenario('cookie: only once', { cookie: 1 }, async (on) => {
    const e = await on.engine('polling');
    e.answer(await e.engine.post('40'));
    e.answer(await e.engine.get());
  });

  scenario('headers hook: a refusal', { hookRefusals: 1 }, (on) =>
    on.get(`${BASE}&transport=tcp`));

  // -- refusals --------------------------------------------------------------
  get('code 0: no transport', '/socket.io/?EIO=4');
  get('code 0: another transport', `${BASE}&transport=tcp`);
  get('code 0: webtransport', `${BASE}&transport=webtransport`);
  get('code 0: a name of the prototype', `${BASE}&transport=__proto__`);
  scenario('code 0: WebSocket with another transport', (on) =>
    on.websocket(`${BASE}&transport=tcp`));
  get('code 1: sid', `${POLL}&sid=nope`);
  scenario('code 1: sid by POST', (on) =>
    on.http('POST', `${POLL}&sid=nope`, { body: '40' }));
  scenario('code 1: sid of a WebSocket', (on) =>
    on.websocket(`${WS}&sid=nope`));
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    scenario(`code 2: handshake by ${method}`, (on) =>
      on.http(method, POLL, { body: '' }));
  }
  scenario('code 2: handshake by HEAD', (on) => on.http('HEAD', POLL));
  get('code 3: transport=websocket without an upgrade', WS);
  scenario('code 3: sid of another transport', async (on) => {
    const e = await on.engine('websocket');
    await on.get(`${POLL}&sid=${e.engine.sid}`);
  });
  scenario('code 3: a control byte in Origin', (on) => on.bytes(
    `GET ${POLL} HTTP/1.1\r\nHost: x\r\nOrigin: http://a\x01b\r\n\r\n`));
  get('code 4: allowRequest says no', POLL, { 'x-refuse': '-' });
  get('code 4: allowRequest says why', POLL, { 'x-refuse': 'not you' });
  get('code 4: allowRequest says it later', POLL, { 'x-refuse-late': 'late' });
  scenario('code 4: a WebSocket', (on) =>
    on.websocket(WS, { 'x-refuse': 'not you' }));
  scenario('code 4: a WebSocket, later', (on) =>
    on.websocket(WS, { 'x-refuse-late': 'late' }));
  scenario('allowRequest is not asked with a sid', async (on) => {
    const e = await on.engine('polling');
    e.answer(await e.engine.post('40', { 'x-refuse': 'not you' }));
  });
  for (const eio of ['3', '2', '5', 'abc', '']) {
    get(`code 5: EIO=${eio || 'empty'}`, `/socket.io/?EIO=${eio}&transport=polling`);
  }
  get('code 5: no EIO', '/socket.io/?transport=polling');
  scenario('code 5: a WebSocket', async (on) => {
    const ws = await on.websocket('/socket.io/?EIO=3&transport=websocket');
    if (ws) ws.log.push(`then ${ws.words.text(
      (await ws.engine.ws.conn.end().catch((e) => e),
      ws.engine.ws.conn.buf.toString()))}`);
  });
  get('order of checks: transport before sid and version',
    '/socket.io/?EIO=3&transport=x&sid=nope');
  get('order of checks: sid before version',
    '/socket.io/?EIO=3&transport=polling&sid=nope');
  get('order of checks: allowRequest before version',
    '/socket.io/?EIO=3&transport=polling', { 'x-refuse': 'first' });
  scenario('order of checks: method before allowRequest', (on) =>
    on.http('POST', POLL, { body: '', headers: { 'x-refuse': 'first' } }));
  scenario('transport=polling with an upgrade', async (on) => {
    const ws = await on.websocket(POLL);
    if (ws) await ws.end();
  });
  scenario('an upgrade of another path', (on) => on.websocket('/other'));

  // -- CORS ------------------------------------------------------------------
  const ORIGIN = { Origin: 'http://page.example' };
  const PREFLIGHT = { ...ORIGIN, 'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'x-a, content-type' };
  get('CORS: none is set up', POLL, ORIGIN);
  get('CORS: any origin', POLL, ORIGIN, { cors: '*' });
  get('CORS: this origin', POLL, ORIGIN, { cors: 'http://page.example' });
  get('CORS: without an Origin', POLL, {}, { cors: 'http://page.example' });
  get('CORS: another origin', POLL, { Origin: 'http://other.example' },
    { cors: 'http://page.example' });
  for (const cors of ['*', 'http://page.example']) {
    scenario(`CORS: preflight, ${cors}`, { cors }, (on) =>
      on.http('OPTIONS', POLL, { headers: PREFLIGHT }));
    scenario(`CORS: preflight with a sid, ${cors}`, { cors }, async (on) => {
      const e = await on.engine('polling', ORIGIN);
      await on.http('OPTIONS', e.engine.path, { headers: PREFLIGHT });
    });
    scenario(`CORS: a POST, ${cors}`, { cors }, async (on) => {
      const e = await on.engine('polling', ORIGIN);
      e.answer(await e.engine.post('40', ORIGIN));
    });
    scenario(`CORS: a WebSocket, ${cors}`, { cors }, (on) =>
      on.websocket(WS, ORIGIN));
    get(`CORS: a refusal, ${cors}`, `${BASE}&transport=tcp`, ORIGIN, { cors });
  }
  scenario('CORS: a WebSocket of another origin',
    { cors: 'http://page.example' }, (on) =>
      on.websocket(WS, { Origin: 'http://other.example' }));
  scenario('CORS: a preflight of another origin',
    { cors: 'http://page.example' }, (on) => on.http('OPTIONS', POLL,
      { headers: { ...PREFLIGHT, Origin: 'http://other.example' } }));

  // -- client files ----------------------------------------------------------
  const FILES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js',
    'socket.io.msgpack.min.js'];
  for (const name of FILES.flatMap((one) => [one, `${one}.map`])) {
    get(`client file ${name}`, `/socket.io/${name}`);
  }
  get('client file: with a query', '/socket.io/socket.io.min.js?v=1');
  get('client file: by gzip', '/socket.io/socket.io.min.js',
    { 'Accept-Encoding': 'gzip' });
  get('client file: by deflate', '/socket.io/socket.io.min.js',
    { 'Accept-Encoding': 'deflate' });
  get('client file: no such name', '/socket.io/nothing.js');
  get('client file: CORS', '/socket.io/socket.io.min.js', ORIGIN,
    { cors: '*' });
  get('client file: serveClient false', '/socket.io/socket.io.js', {},
    { serveClient: 0 });
  scenario('client file: HEAD', (on) =>
    on.http('HEAD', '/socket.io/socket.io.min.js'));
  scenario('client file: POST', (on) =>
    on.http('POST', '/socket.io/socket.io.min.js', { body: '' }));
  for (const [name, etag] of [['equal', '"4.8.4"'], ['weak', 'W/"4.8.4"'],
    ['another', '"1.0.0"']]) {
    get(`client file: If-None-Match, ${name}`, '/socket.io/socket.io.js',
      { 'If-None-Match': etag });
  }

  // -- compression -----------------------------------------------------------
  const squeezed = (name, encoding, args, flags = {}) =>
    scenario(`httpCompression: ${name}`, flags, async (on) => {
      const e = await on.engine('polling');
      await e.join();
      await e.send(`2["compressed",${args}]`);
      await on.get(e.engine.path, { 'Accept-Encoding': encoding });
    });
  const BIG = `true,"${'x'.repeat(2000)}"`;
  squeezed('gzip', 'gzip', BIG);
  squeezed('deflate', 'deflate', BIG);
  squeezed('what the client names first', 'deflate, gzip', BIG);
  squeezed('br is not', 'br', BIG);
  squeezed('identity', 'identity', BIG);
  squeezed('a quality of 0', 'gzip;q=0', BIG);
  squeezed('below the threshold', 'gzip', 'true,"short"');
  squeezed('an option', 'gzip', `true,"${'x'.repeat(200)}"`,
    { compressThreshold: 100 });
  squeezed('compress(false)', 'gzip', `false,"${'x'.repeat(2000)}"`);

  // -- what is no Engine.IO --------------------------------------------------
  get('an HTTP route beside it', '/hello');
  get('no route', '/none');
  scenario('sid in a path that continues', async (on) => {
    const res = await on.get(POLL);
    await on.get(`/socket.io/x?EIO=4&transport=polling&sid=${sidOf(res)}zz`);
  });
  scenario('JSONP', async (on) => {
    const res = await on.get(`${POLL}&j=3`);
    const sid = /"sid\\":\\"([^\\]+)/.exec(res.text)[1];
    await on.http('POST', `${POLL}&j=3&sid=${sid}`, {
      body: `d=${encodeURIComponent('40')}`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    await on.get(`${POLL}&j=3&sid=${sid}`);
    await on.http('POST', `${POLL}&j=3&sid=${sid}`, {
      body: `d=${encodeURIComponent('42["echo","a\\\\nb é"]')}`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    await on.get(`${POLL}&j=3&sid=${sid}`);
  });
  scenario('JSONP: another index for each GET', async (on) => {
    const res = await on.get(`${POLL}&j=x4y2`);
    const sid = /"sid\\":\\"([^\\]+)/.exec(res.text)[1];
    await on.http('POST', `${POLL}&j=1&sid=${sid}`, { body: 'd=40' });
    await on.get(`${POLL}&j=7&sid=${sid}`);
  });
};
