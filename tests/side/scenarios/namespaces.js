// SPDX-License-Identifier: MIT
'use strict';
// Namespaces, middlewares, disconnecting (sections 1.6, 1.7, 3.5).

module.exports = ({ both, scenario }) => {
  both('CONNECT', async (on, transport) => { await on.sio(transport); });
  both('CONNECT: two namespaces of one connection', async (on, transport) => {
    const e = await on.sio(transport);
    await e.join('/admin');
    await e.send('2/admin,["echo",1]', '2["echo",2]');
    await e.next(2);
  });
  both('CONNECT: an unknown namespace', async (on, transport) => {
    const e = await on.engine(transport);
    for (const nsp of ['/zzz', '/Admin', '/admin/', '/__proto__', '/é']) {
      await e.join(nsp);
    }
    await e.join();
  });
  both('CONNECT: auth', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/auth', { token: 'good', deep: { a: [1, 'é'] } });
    await e.send('2/auth,1["me"]');
    await e.next();
  });
  both('CONNECT: no auth is an empty object', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send(`21["fetch","${e.id}"]`);
    await e.next();
  });
  both('middleware: refuses with data', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/auth', { token: 'bad' });
    await e.join('/auth', { token: 'good' });
  });
  both('middleware: refuses without data', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/auth', { token: 'plain' });
  });
  both('middleware: refuses later', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/refuse-late');
  });
  both('middleware: answers late', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/slow');
    await e.fence('/slow');
  });
  both('middleware: emits before it answers', async (on, transport) => {
    const e = await on.engine(transport);
    await e.send('0/early,');
    await e.next(2);
  });
  for (const [name, auth] of [['neither refuses', {}],
    ['the first refuses', { first: true, second: true }],
    ['the second refuses', { second: true }]]) {
    both(`middlewares in turn: ${name}`, async (on, transport) => {
      const e = await on.engine(transport);
      await e.send(`0/two,${JSON.stringify(auth)}`);
      for (;;) {
        const packet = await e.next();
        if (/^4[04]/.test(packet)) break;
      }
      await e.join();
      await e.fence();
    });
  }
  both('middleware: io.use is for / alone', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/admin');
    await e.fence('/admin');
  });
  both('an event before the answer to CONNECT', async (on, transport) => {
    const e = await on.engine(transport);
    await e.send('0/slow,', '2/slow,["echo","early"]');
    for (;;) {
      const packet = await e.engine.recvPacket(15000).catch(() => null);
      if (packet === null || packet === '1') { e.log.push('closed'); break; }
      if (packet === '6') continue;
      e.see(packet);
      if (/early/.test(packet)) break;
    }
  });
  both('connect handler: emits and tells others', async (on, transport) => {
    const first = await on.sio(transport, '/greet');
    await first.next();
    const second = await on.sio(transport, '/greet');
    await second.next();
    await first.next();
    first.drop();
  });
  both('connect handler: disconnects', async (on, transport) => {
    const e = await on.sio(transport, '/bye');
    await e.next();
    await e.join();
  });
  both('connect handler: closes', async (on, transport) => {
    const e = await on.sio(transport, '/close');
    await e.end();
  });
  both('DISCONNECT of the client', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('1');
    await e.reason();
    await e.join();
    await e.fence();
  });
  both('DISCONNECT of one namespace', async (on, transport) => {
    const e = await on.sio(transport);
    await e.join('/admin');
    await e.send('1/admin');
    await e.reason();
    await e.fence();
    await e.join('/admin');
  });
  both('DISCONNECT of the last namespace', async (on, transport) => {
    const e = await on.engine(transport);
    await e.join('/admin');
    await e.send('1/admin,');
    await e.reason();
    await e.join('/admin');
  });
  scenario('CONNECT behind DISCONNECT in one payload', async (on) => {
    const e = await on.engine('polling');
    await e.join('/admin');
    await e.send('1/admin,', '0/admin,');
    e.answer(await e.engine.get());
  });
  both('disconnect(false) of the server', async (on, transport) => {
    const e = await on.sio(transport);
    await e.join('/admin');
    const { id } = e;
    await e.send('2["kick",false]');
    await e.next();
    await e.fence('/admin');
    e.log.push(id === e.id ? 'the same' : 'another');
  });
  both('disconnect(false): why', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["kick",false]');
    await e.next();
    await e.reason();
    await e.join();
  });
  both('disconnect(true) of the server', async (on, transport) => {
    const e = await on.sio(transport);
    await e.join('/admin');
    await e.send('2["emit_then_kick",true]');
    await e.end();
    await e.reason();
  });
  both('disconnect(false) of the server in a namespace', async (on, transport) => {
    const e = await on.sio(transport, '/watched');
    await e.send('2/watched,["part",false]');
    await e.next();
    await e.join();
  });
  both('what was emitted before a disconnect goes out', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["emit_then_kick",false]');
    await e.next(2);
    await e.join();
  });

  // disconnecting has the rooms, disconnect has not.
  const watched = (name, leave) => both(`disconnecting and disconnect: ${name}`,
    { own: `watch ${name}` }, async (on, transport) => {
      const watch = await on.sio('websocket');
      await watch.send('21["join","watch"]');
      await watch.next();
      const e = await on.engine(transport);
      await e.join('/watched');
      await e.send('2/watched,1["join","a"]', '2/watched,2["join","b"]');
      await e.next(2);
      await leave(e);
      await watch.next(2);
      watch.drop();
    });
  watched('client namespace disconnect', (e) => e.send('1/watched,'));
  watched('server namespace disconnect', (e) => e.send('2/watched,["part",false]'));
  watched('disconnect(true)', (e) => e.send('2/watched,["part",true]'));
  watched('forced close', (e) => e.send('2["not joined"]'));
  watched('transport close', (e) => (e.engine.ws
    ? e.drop() : e.engine.post('1')));
  watched('parse error', (e) => (e.engine.ws
    ? e.raw('9') : e.engine.post('9')));
  scenario('disconnecting and disconnect: ping timeout',
    { pingInterval: 2000, pingTimeout: 3000 }, async (on) => {
      const watch = await on.sio('websocket');
      await watch.send('21["join","watch"]');
      await watch.next();
      const e = await on.engine('websocket');
      e.engine.answerPings = false;
      await e.join('/watched');
      await watch.next(2);
      watch.drop();
    });
};
