// SPDX-License-Identifier: MIT
'use strict';
// Raw Engine.IO beside Socket.IO: the fixture's second server (section 1.2).
const PATH = '/engine.io/?EIO=4';
const POLL = `${PATH}&transport=polling`;
const WS = `${PATH}&transport=websocket`;

// A session over polling: its path.
async function begun(on) {
  const res = await on.get(POLL);
  return `${POLL}&sid=${JSON.parse(res.text.slice(1)).sid}`;
}

module.exports = ({ scenario }) => {
  scenario('engine: handshake, and a cookie', (on) => on.get(POLL));
  scenario('engine: handshake over WebSocket', async (on) => {
    const ws = await on.websocket(WS);
    await ws.next();
  });
  scenario('engine: messages over polling', async (on) => {
    const path = await begun(on);
    await on.http('POST', path, { body: '4one\x1e4two\x1ebAQID' });
    await on.get(path);
  });
  scenario('engine: messages over WebSocket', async (on) => {
    const ws = await on.websocket(WS);
    await ws.next();
    await ws.raw('4one', '4', Buffer.from([1, 2]), Buffer.alloc(0));
    await ws.next(4);
  });
  scenario('engine: a path that continues', (on) =>
    on.get('/engine.io/foo?EIO=4&transport=polling'));
  scenario('engine: sessions of the other server', async (on) => {
    const e = await on.engine('polling');
    await on.get(`${POLL}&sid=${e.engine.sid}`);
  });
  scenario('engine: close waits for what is queued [polling]', async (on) => {
    const path = await begun(on);
    await on.http('POST', path, { body: '4#close' });
    await on.get(path);
    await on.get(path);
  });
  scenario('engine: close waits for what is queued [websocket]', async (on) => {
    const ws = await on.websocket(WS);
    await ws.next();
    await ws.raw('4#close');
    await ws.end();
  });
  scenario('engine: close at once [polling]', async (on) => {
    const path = await begun(on);
    const waiting = await on.pending(path);
    await on.http('POST', path, { body: '4#discard' });
    await waiting.answer();
    await on.get(path);
  });
  scenario('engine: close at once [websocket]', async (on) => {
    const ws = await on.websocket(WS);
    await ws.next();
    await ws.raw('4#discard');
    await ws.end();
  });
  scenario('engine: upgrade', async (on) => {
    const path = await begun(on);
    const ws = await on.websocket(path.replace('polling', 'websocket'));
    await ws.raw('2probe');
    await ws.next();
    await ws.raw('5', '4over');
    await ws.next();
    await on.get(path);
  });
  scenario('engine: a refusal', (on) => on.get(`${PATH}&transport=tcp`));
  scenario('engine: a message that is too large', async (on) => {
    const ws = await on.websocket(WS);
    await ws.next();
    await ws.raw(`4${'x'.repeat(1 << 20)}`);
    await ws.end();
  });
};
