// SPDX-License-Identifier: MIT
'use strict';
// WebSocket and the way there (sections 3.2 and 3.3 of the reference).
const { WS, POLL } = require('../lib/on');
const { OP, closePayload } = require('../../e2e/lib/wsraw');

module.exports = ({ scenario }) => {
  // -- the opening handshake -------------------------------------------------
  const opening = (name, headers) => scenario(`handshake of a WebSocket: ${name}`,
    async (on) => {
      const ws = await on.websocket(WS, headers);
      if (ws && ws.engine.ws.response.status === 101) await ws.next();
    });
  opening('another version', { 'Sec-WebSocket-Version': '12' });
  opening('no version', { 'Sec-WebSocket-Version': undefined });
  opening('no key', { 'Sec-WebSocket-Key': undefined });
  opening('a bad key', { 'Sec-WebSocket-Key': 'short' });
  opening('a protocol is offered', { 'Sec-WebSocket-Protocol': 'one, two' });
  opening('compression is offered',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' });
  opening('an unknown extension', { 'Sec-WebSocket-Extensions': 'x-nothing' });
  opening('upper case', { Upgrade: 'WebSocket', Connection: 'keep-alive, upgrade' });
  opening('another protocol', { Upgrade: 'h2c' });

  // -- frames ----------------------------------------------------------------
  const frames = (name, fn, more) => scenario(`WebSocket: ${name}`, more || {},
    async (on) => {
      const e = await on.sio('websocket');
      const stays = await fn(e.engine.ws, e);
      if (stays) await e.fence();
      else {
        await e.end();
        await e.reason();
      }
    });
  frames('an unmasked frame', (ws) =>
    ws.sendFrame(OP.TEXT, '42["echo",1]', { mask: false }));
  frames('RSV1', (ws) => ws.sendFrame(OP.TEXT, '42["echo",1]', { rsv: 4 }));
  frames('RSV2', (ws) => ws.sendFrame(OP.TEXT, '42["echo",1]', { rsv: 2 }));
  frames('an unknown opcode', (ws) => ws.sendFrame(3, 'x'));
  frames('an unknown control opcode', (ws) => ws.sendFrame(11, 'x'));
  frames('no UTF-8', (ws) => ws.sendFrame(OP.TEXT, Buffer.from([0x34, 0xff])));
  frames('a ping', async (ws, e) => {
    ws.sendFrame(OP.PING, 'hi');
    const f = await ws.recvFrame();
    e.log.push(`frame ${f.op} ${f.payload}`);
    return true;
  });
  frames('a pong that nobody asked for', (ws) => {
    ws.sendFrame(OP.PONG, 'hi');
    return true;
  });
  frames('a ping of 126 bytes', (ws) =>
    ws.sendFrame(OP.PING, 'x'.repeat(126)));
  frames('a ping in pieces', (ws) => ws.sendFrame(OP.PING, 'x', { fin: false }));
  frames('a message in pieces', async (ws, e) => {
    ws.sendFrame(OP.TEXT, '42["ec', { fin: false });
    ws.sendFrame(OP.PING, '');
    ws.sendFrame(OP.CONT, 'ho",', { fin: false });
    ws.sendFrame(OP.CONT, '1]');
    const f = await ws.recvFrame();
    e.log.push(`frame ${f.op}`);
    await e.next();
    return true;
  });
  frames('a continuation of nothing', (ws) => ws.sendFrame(OP.CONT, 'x'));
  frames('a message inside of a message', (ws) => {
    ws.sendFrame(OP.TEXT, '42[', { fin: false });
    ws.sendFrame(OP.TEXT, '42["echo",1]');
  });
  for (const [name, payload] of [['code 1000', closePayload(1000, 'bye')],
    ['code 3000', closePayload(3000)], ['no code', ''],
    ['one byte', 'x'], ['code 1005', closePayload(1005)],
    ['code 999', closePayload(999)],
    ['a reason that is no UTF-8',
      Buffer.concat([closePayload(1000), Buffer.from([0xff])])]]) {
    frames(`a close frame of ${name}`, (ws) =>
      ws.sendFrame(OP.CLOSE, payload));
  }
  frames('above maxHttpBufferSize', (ws) => ws.send('4'.repeat(2001)),
    { maxPayload: 2000 });
  frames('above maxHttpBufferSize in pieces', (ws) => {
    ws.sendFrame(OP.TEXT, 'x'.repeat(1500), { fin: false });
    ws.sendFrame(OP.CONT, 'x'.repeat(1500));
  }, { maxPayload: 2000 });
  frames('of exactly maxHttpBufferSize', async (ws, e) => {
    ws.send(`42["echo","${'x'.repeat(2000 - '42["echo",""]'.length)}"]`);
    await e.next();
    return true;
  }, { maxPayload: 2000 });
  frames('the connection breaks', (ws) => { ws.conn.sock.destroy(); });

  // -- packets ---------------------------------------------------------------
  for (const [name, packet, stays] of [['an unknown packet', '9'],
    ['an empty message', ''], ['a ping', '2'], ['a letter', 'x'],
    ['a pong that nobody asked for', '3', true], ['open', '0', true],
    ['upgrade', '5', true], ['noop', '6', true]]) {
    frames(`packet: ${name}`, (ws) => { ws.send(packet); return stays; });
  }
  scenario('WebSocket: a close packet', { pingInterval: 1500, pingTimeout: 500 },
    async (on) => {
      const e = await on.sio('websocket');
      e.engine.ws.send('1');
      await e.end();
      await e.reason();
    });
  frames('binary as text', async (ws, e) => {
    ws.send('451-["echo",{"_placeholder":true,"num":0}]');
    ws.send('bAQID');
    await e.next(2);
    return true;
  });
  scenario('WebSocket: pings', { pingInterval: 200, pingTimeout: 9000 },
    async (on) => {
      const e = await on.engine('websocket');
      e.engine.answerPings = false;
      await e.next();
      await e.raw('3');
      await e.next();
    });
  scenario('WebSocket: ping timeout', { pingInterval: 1500, pingTimeout: 500 },
    async (on) => {
      const e = await on.engine('websocket');
      e.engine.answerPings = false;
      await e.join();
      await e.end();
      await e.reason();
    });
  scenario('WebSocket: a pong has a tail', { pingInterval: 1500, pingTimeout: 9000 },
    async (on) => {
      const e = await on.engine('websocket');
      e.engine.answerPings = false;
      await e.join();
      await e.next();
      await e.raw('3probe');
      await e.next();
    });

  // -- the upgrade -----------------------------------------------------------
  const upgraded = async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const ws = await on.websocket(`${WS}&sid=${e.engine.sid}`);
    return { e, ws };
  };
  scenario('upgrade: step by step', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    const waiting = await on.pending(e.engine.path);
    await waiting.answer();
    await ws.raw('5');
    await ws.raw('42["echo","over"]');
    await ws.next();
    await on.get(e.engine.path);
  });
  scenario('upgrade: a GET that waits is answered by a noop', async (on) => {
    const { e, ws } = await upgraded(on);
    const waiting = await on.pending(e.engine.path);
    await ws.raw('2probe');
    await ws.next();
    await waiting.answer();
  });
  scenario('upgrade: POSTs go on until the end', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    await e.send('2["echo","still"]');
    await e.next();
    await ws.raw('5', '42["echo","over"]');
    await ws.next();
  });
  scenario('upgrade: what waits goes over the WebSocket', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    await ws.raw('5');
    await ws.raw('42["burst",3]');
    await ws.next(3);
  });
  scenario('upgrade: without a probe', async (on) => {
    const { ws } = await upgraded(on);
    await ws.raw('5');
    await ws.raw('42["echo",1]');
    await ws.next();
  });
  scenario('upgrade: a message instead of a probe', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('42["echo",1]');
    await ws.end();
    await e.fence();
  });
  scenario('upgrade: a probe with another word', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2other');
    await ws.end();
    await e.fence();
  });
  scenario('upgrade: two at once', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    const second = await on.websocket(`${WS}&sid=${e.engine.sid}`);
    if (second) await second.end();
    await ws.raw('5', '42["echo","the first"]');
    await ws.next();
  });
  scenario('upgrade: again', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('5');
    await ws.raw('42["echo",1]');
    await ws.next();
    const second = await on.websocket(`${WS}&sid=${e.engine.sid}`);
    if (second) await second.end();
    await ws.raw('42["echo",2]');
    await ws.next();
  });
  scenario('upgrade: the socket stays the same', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('5');
    await ws.raw('421["who"]');
    await ws.next();
    e.log.push(on.words.text(e.id));
  });
  scenario('upgrade: upgradeTimeout', { upgradeTimeout: 2000 }, async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    await ws.end();
    await e.fence();
  });
  scenario('upgrade: the WebSocket breaks off', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    ws.drop();
    await e.fence();
  });
  scenario('upgrade: of a WebSocket session', { upgradeTimeout: 300 },
    async (on) => {
    const e = await on.engine('websocket');
    const second = await on.websocket(`${WS}&sid=${e.engine.sid}`);
    if (second) await second.end();
    await e.join();
  });
  scenario('upgrade: the session goes meanwhile', async (on) => {
    const { e, ws } = await upgraded(on);
    await ws.raw('2probe');
    await ws.next();
    e.answer(await e.engine.post('1'));
    await ws.end();
    await on.get(`${POLL}&sid=${e.engine.sid}`);
  });
};
