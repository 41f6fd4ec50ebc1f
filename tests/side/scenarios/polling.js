// SPDX-License-Identifier: MIT
'use strict';
// Polling, packet by packet (section 3.1 of the reference).
const { POLL, SEP } = require('../lib/on');

// A POST by its answer, then what the session is worth.
async function posted(on, body, headers) {
  const e = await on.engine('polling');
  await e.join();
  e.answer(await e.engine.post(body, headers));
  return e;
}

module.exports = ({ scenario }) => {
  scenario('POST is answered by ok', (on) => posted(on, '42["echo",1]'));
  scenario('several packets in a payload keep their order', async (on) => {
    const e = await posted(on, ['42["echo",1]', '42["echo",2]', '42["echo",3]']
      .join(SEP));
    await e.next(3);
  });
  scenario('binary in a payload', async (on) => {
    const e = await posted(on,
      `452-["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]${
        SEP}bAQID${SEP}b/w==`);
    await e.next(3);
  });
  scenario('what waited goes out in one payload', async (on) => {
    const e = await posted(on, '42["burst",4]');
    await e.send('2["ack_never"]');
    e.answer(await e.engine.get());
  });
  for (const [name, body] of [['a packet of no type', 'x'],
    ['an empty body', ''], ['a ping', '2'], ['a packet type 9', '9'],
    ['an empty packet in a payload', `42["echo",1]${SEP}${SEP}42["echo",2]`],
    ['open', '0'], ['an upgrade', '5'], ['a noop', '6'], ['a pong', '3'],
    ['bad base64', 'b!!!!']]) {
    scenario(`POST of ${name}`, async (on) => {
      const e = await posted(on, body);
      e.answer(await e.engine.post('42["echo","after"]'));
    });
  }
  scenario('a POST of octets', async (on) => {
    const e = await posted(on, '42["echo",1]',
      { 'Content-Type': 'application/octet-stream' });
    e.answer(await e.engine.post('3'));
    await e.reason();
  });
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    scenario(`${method} with a sid`, async (on) => {
      const e = await on.engine('polling');
      await e.join();
      await on.http(method, e.engine.path, { body: 'x' });
      await e.fence();
    });
  }
  scenario('a body above maxHttpBufferSize', { maxPayload: 2000 },
    async (on) => {
      const e = await on.engine('polling');
      await e.join();
      await on.http('POST', e.engine.path, { body: 'x'.repeat(2001) });
      await e.fence();
    });
  scenario('a body of exactly maxHttpBufferSize', { maxPayload: 2000 },
    async (on) => {
      const e = await on.engine('polling');
      await e.join();
      const text = 'x'.repeat(2000 - '42["echo",""]'.length);
      await on.http('POST', e.engine.path, { body: `42["echo","${text}"]` });
      await e.next();
    });
  scenario('maxHttpBufferSize counts bytes', { maxPayload: 2000 },
    async (on) => {
      const e = await on.engine('polling');
      await e.join();
      await on.http('POST', e.engine.path,
        { body: `42["echo","${'é'.repeat(1000)}"]` });
      await e.fence();
    });
  scenario('two GETs at once', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const first = await on.pending(e.engine.path);
    await on.get(e.engine.path);
    await first.answer();
    await e.reason();
  });
  scenario('two POSTs at once', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    await on.halfPosted(e.engine.path);
    await on.http('POST', e.engine.path, { body: '42["echo",1]' });
    await e.reason();
  });
  scenario('a GET that is given up', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const first = await on.pending(e.engine.path);
    first.conn.close();
    await e.reason();
  });
  scenario('a POST that is given up', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const conn = await on.halfPosted(e.engine.path);
    conn.close();
    await e.reason();
  });
  scenario('a close packet answers the GET that waits', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const waiting = await on.pending(e.engine.path);
    e.answer(await e.engine.post('1'));
    await waiting.answer();
    await e.reason();
    e.answer(await e.engine.get());
  });
  scenario('a close packet without a GET', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    e.answer(await e.engine.post('1'));
    e.answer(await e.engine.get());
    await e.reason();
  });
  scenario('the server closes while a GET waits', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const waiting = await on.pending(e.engine.path);
    await e.send('2["kick",true]');
    await waiting.answer();
    await e.end();
    await e.reason();
  });
  scenario('the server closes while no GET waits', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    await e.send('2["kick",true]');
    e.answer(await e.engine.get());
    await e.end();
  });
  scenario('a GET is answered when something comes', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const waiting = await on.pending(e.engine.path);
    await e.send('2["echo","now"]');
    await waiting.answer();
  });
  scenario('a ping is sent over polling', { pingInterval: 200, pingTimeout: 9000 },
    async (on) => {
      const e = await on.engine('polling');
      e.engine.answerPings = false;
      await e.next();
      await e.raw('3');
      await e.next();
    });
  scenario('ping timeout over polling', { pingInterval: 1500, pingTimeout: 2500 },
    async (on) => {
      const e = await on.engine('polling');
      e.engine.answerPings = false;
      await e.join();
      await e.next();
      const waiting = await on.pending(e.engine.path);
      await waiting.answer();
      await e.reason();
    });
  scenario('a session that is over', async (on) => {
    const e = await on.engine('polling');
    e.answer(await e.engine.post('1'));
    await on.get(e.engine.path);
    await on.http('POST', e.engine.path, { body: '40' });
  });
  scenario('connectTimeout over polling', { connectTimeout: 2000 },
    async (on) => {
      const e = await on.engine('polling');
      const waiting = await on.pending(e.engine.path);
      await waiting.answer();
    });
  scenario('connectTimeout over WebSocket', { connectTimeout: 200 },
    async (on) => {
      await (await on.engine('websocket')).end();
    });
  scenario('connectTimeout: who has joined stays', { connectTimeout: 2000 },
    async (on) => {
      const e = await on.sio('websocket');
      await on.sleep(2500);
      await e.fence();
    });
  scenario('a chunked POST', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    await on.bytes(`POST ${e.engine.path} HTTP/1.1\r\nHost: x\r\n` +
      'Transfer-Encoding: chunked\r\n\r\n6\r\n42["ec\r\n6\r\nho",1]\r\n0\r\n\r\n');
    await e.next();
  });
  scenario('a POST without a length', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    await on.bytes(`POST ${e.engine.path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  });
  scenario('requests that are pipelined', async (on) => {
    const e = await on.engine('polling');
    await e.join();
    const one = `POST ${e.engine.path} HTTP/1.1\r\nHost: x\r\n` +
      'Content-Length: 12\r\n\r\n42["echo",1]';
    await on.bytes(one + one, 2);
    e.answer(await e.engine.get());
  });
  scenario('HTTP/1.0', (on) => on.bytes(`GET ${POLL} HTTP/1.0\r\n\r\n`));
};
