// SPDX-License-Identifier: MIT
'use strict';
// Other forms of the same: Engine.IO 3 (section 3.6), the MessagePack parser
// (3.7), compressed WebSockets (1.1).
const { request } = require('../../e2e/lib/raw');
const { POLL, WS } = require('../lib/on');

const OLD = { eio3: 1 };
const OLD_POLL = '/socket.io/?EIO=3&transport=polling';
const OLD_WS = '/socket.io/?EIO=3&transport=websocket';

// A session of version 3 over polling, "/" connected: its path.
async function old(on, more = '') {
  const res = await request(on.t, on.port, `${OLD_POLL}${more}`);
  const sid = /"sid":"([^"]+)"/.exec(res.text)[1];
  const path = `${OLD_POLL}${more}&sid=${sid}`;
  if (!res.text.includes('2:40')) await request(on.t, on.port, path);
  return path;
}

async function oldWs(on, target = OLD_WS) {
  const ws = await on.websocket(target);
  await ws.next(2);
  return ws;
}

const framed = (...packets) => packets.map((p) => `${p.length}:${p}`).join('');

// notepack's forms of what these scenarios need.
function pack(value) {
  if (value === undefined) return Buffer.from([0xd4, 0, 0]);
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === 'number') return Buffer.from([value]);
  if (typeof value === 'string') {
    return Buffer.concat([Buffer.from([0xa0 | value.length]),
      Buffer.from(value)]);
  }
  if (Buffer.isBuffer(value)) {
    return Buffer.concat([Buffer.from([0xc4, value.length]), value]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from([0x90 | value.length]),
      ...value.map(pack)]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([Buffer.from([0x80 | entries.length]),
    ...entries.flatMap(([key, one]) => [pack(key), pack(one)])]);
}

const MSGPACK = { parser: 'msgpack' };
const CONNECT = { type: 0, data: undefined, nsp: '/' };

module.exports = ({ scenario, both }) => {
  // -- Engine.IO 3 -----------------------------------------------------------
  scenario('eio3: handshake over polling', OLD, (on) => on.get(OLD_POLL));
  scenario('eio3: handshake over WebSocket', OLD, (on) => oldWs(on));
  scenario('eio3: no EIO is version 3', OLD, (on) =>
    on.get('/socket.io/?transport=polling'));
  scenario('eio3: version 4 beside it', OLD, (on) => on.get(POLL));
  scenario('eio3: events over polling', OLD, async (on) => {
    const path = await old(on);
    await on.http('POST', path, { body: framed('42["echo","\u20ac"]', '421["echo"]') });
    await on.get(path);
  });
  scenario('eio3: events over WebSocket', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('42["echo",1,"é"]', '421["echo",2]');
    await ws.next(2);
  });
  scenario('eio3: binary over WebSocket', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('451-["echo",{"_placeholder":true,"num":0}]',
      Buffer.from([4, 1, 2, 3]));
    await ws.next(2);
  });
  for (const more of ['', '&b64=1']) {
    scenario(`eio3: binary over polling${more}`, OLD, async (on) => {
      const path = await old(on, more);
      await on.http('POST', path, { body: framed(
        '451-["echo",{"_placeholder":true,"num":0}]', 'b4AQID') });
      await on.get(path);
    });
  }
  scenario('eio3: the client pings', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('2');
    await ws.next();
    await ws.raw('2hello');
    await ws.next();
  });
  scenario('eio3: a pong is an error', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('3');
    await ws.end();
  });
  scenario('eio3: ping timeout', { ...OLD, pingInterval: 200, pingTimeout: 200 },
    async (on) => {
      const ws = await oldWs(on);
      await ws.end();
    });
  scenario('eio3: namespaces', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('40/admin');
    await ws.next();
    for (const packet of ['42/admin,["echo",1]', '40/zzz']) {
      await ws.raw(packet);
      await ws.next();
    }
    await ws.raw('41/admin', '42["echo","still"]');
    await ws.next();
  });
  scenario('eio3: the query is auth', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('40/auth?token=good&x=1,');
    await ws.next();
    await ws.raw('42/auth,1["me"]');
    await ws.next();
  });
  scenario('eio3: refusals', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('40/auth?token=bad,');
    await ws.next();
    await ws.raw('40/auth?token=plain,');
    await ws.next();
  });
  scenario('eio3: ids', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('421["who"]', '40/admin');
    await ws.next(2);
    await ws.raw('42/admin,2["who"]');
    await ws.next();
  });
  scenario('eio3: an upgrade', OLD, async (on) => {
    const path = await old(on);
    const ws = await on.websocket(path.replace('polling', 'websocket'));
    await ws.raw('2probe');
    await ws.next();
    await ws.raw('5', '42["echo","over"]');
    await ws.next();
  });
  scenario('eio3: a disconnect of the server', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('42["kick",false]');
    await ws.next();
  });
  scenario('eio3: clients of both versions in one room', OLD, async (on) => {
    const ws = await oldWs(on);
    await ws.raw('421["join","eio3 room"]');
    await ws.next();
    const e = await on.sio('polling');
    await e.send('21["join","eio3 room"]');
    await e.next();
    await ws.raw('451-["to_room","eio3 room","ev",{"_placeholder":true,"num":0}]',
      Buffer.from([4, 9]));
    await ws.next(2);
    await e.next(2);
  });
  for (const [name, body] of [['no length', '42["echo",1]'],
    ['a length that is too long', '99:42["echo",1]'], ['no packets', '']]) {
    scenario(`eio3: a body of ${name}`, OLD, async (on) => {
      const path = await old(on);
      await on.http('POST', path, { body });
      await on.http('POST', path, { body: framed('2') });
    });
  }

  // -- MessagePack -----------------------------------------------------------
  const begun = async (on, transport) => {
    const e = await on.engine(transport);
    await e.send(pack(CONNECT));
    await e.engine.recvPacket(15000);
    return e;
  };
  both('msgpack: CONNECT', MSGPACK, async (on, transport) => {
    const e = await on.engine(transport);
    await e.send(pack(CONNECT));
    await e.next();
  });
  both('msgpack: events and acknowledgements', MSGPACK, async (on, transport) => {
    const e = await begun(on, transport);
    await e.send(pack({ type: 2, data: ['echo', 1, 'a', null, [{}]], nsp: '/' }),
      pack({ type: 2, data: ['echo', 2], options: { compress: 1 }, id: 5,
        nsp: '/' }));
    await e.next(2);
  });
  both('msgpack: binary', MSGPACK, async (on, transport) => {
    const e = await begun(on, transport);
    await e.send(pack({ type: 2, data: ['echo', Buffer.from([1, 2])], id: 0,
      nsp: '/' }));
    await e.next();
  });
  both('msgpack: refusals', MSGPACK, async (on, transport) => {
    const e = await on.engine(transport);
    await e.send(pack({ type: 0, data: { token: 'bad' }, nsp: '/auth' }));
    await e.next();
    await e.send(pack({ type: 0, data: undefined, nsp: '/zzz' }));
    await e.next();
  });
  both('msgpack: a disconnect of the server', MSGPACK, async (on, transport) => {
    const e = await begun(on, transport);
    await e.send(pack({ type: 2, data: ['kick', false], nsp: '/' }));
    await e.next();
  });
  both('msgpack: undefined in an event', MSGPACK, async (on, transport) => {
    const e = await begun(on, transport);
    await e.send(pack({ type: 2, data: ['echo', [undefined]], nsp: '/' }));
    await e.next();
  });
  for (const [name, packet] of [['type 5', { type: 5, data: ['echo'], nsp: '/' }],
    ['a type that is text', { type: '2', data: ['echo'], nsp: '/' }],
    ['no namespace', { type: 2, data: ['echo'] }],
    ['data that is no array', { type: 2, data: 'echo', nsp: '/' }],
    ['an id that is text', { type: 2, data: ['echo'], id: 'x', nsp: '/' }],
    ['an array', []], ['nil', null]]) {
    scenario(`msgpack: ${name}`, MSGPACK, async (on) => {
      const e = await begun(on, 'websocket');
      await e.send(pack(packet));
      await e.end();
    });
  }

  // -- permessage-deflate ----------------------------------------------------
  for (const offer of ['permessage-deflate',
    'permessage-deflate; client_max_window_bits',
    'permessage-deflate; server_max_window_bits=10',
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    'permessage-deflate; unknown', 'x-webkit-deflate-frame', '']) {
    scenario(`perMessageDeflate: ${offer || 'no offer'}`, { deflate: 1 },
      async (on) => {
        await on.websocket(WS,
          offer ? { 'Sec-WebSocket-Extensions': offer } : {});
      });
  }
};
