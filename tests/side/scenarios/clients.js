// SPDX-License-Identifier: MIT
'use strict';
// The official client: what its handlers see (sections 1.5 to 1.7, 2.2).
const WAYS = { polling: ['polling'], websocket: ['websocket'],
  upgrade: ['polling', 'websocket'] };

module.exports = ({ scenario }) => {
  // With each transport.
  const by = (name, flags, fn) => {
    if (typeof flags === 'function') [flags, fn] = [{}, flags];
    for (const [way, transports] of Object.entries(WAYS)) {
      scenario(`client: ${name} [${way}]`, flags, (on) =>
        fn(on, (opts) => on.client({ transports, ...opts }), way));
    }
  };
  by('connects, emits, is acknowledged', async (on, client, way) => {
    const c = client();
    await c.seen('connect');
    await c.ask('echo', 1, 'two', { three: [null] }, Buffer.from([4]));
    c.emit('echo', 'an event');
    await c.seen('event echo');
    if (way === 'upgrade') {
      await on.until(() => c.socket.io.engine.transport.name === 'websocket');
    }
    c.say(`transport ${c.socket.io.engine.transport.name}`);
    await c.ask('echo', 'again');
  });
  by('several namespaces', async (on, client) => {
    const c = client();
    await c.seen('connect');
    const admin = on.sibling(c, '/admin');
    await admin.seen('connect');
    await admin.ask('echo', 'admin');
    await c.ask('echo', 'root');
    admin.socket.disconnect();
    await c.ask('echo', 'still');
  });
  by('is refused', async (on, client) => {
    const c = client({ nsp: '/auth', auth: { token: 'bad' } });
    await c.seen('connect_error');
    c.say(`active ${c.socket.active}`);
  });
  by('an unknown namespace', async (on, client) => {
    const c = client({ nsp: '/zzz' });
    await c.seen('connect_error');
  });
  by('auth', async (on, client) => {
    const c = client({ nsp: '/auth', auth: { token: 'good', x: [1] } });
    await c.seen('connect');
    await c.ask('me');
  });
  by('emits before it is connected', async (on, client) => {
    const c = client({ nsp: '/slow' });
    c.emit('echo', 1);
    c.emit('echo', 2);
    await c.seen('event echo [2]');
  });
  by('what the middleware emits', async (on, client) => {
    const c = client({ nsp: '/early' });
    await c.seen('event early');
    await c.seen('connect');
  });
  by('the server disconnects', async (on, client) => {
    const c = client();
    await c.seen('connect');
    c.emit('kick', false);
    await c.seen('disconnect');
    c.say(`active ${c.socket.active}`);
  });
  by('the server closes', async (on, client) => {
    const c = client();
    await c.seen('connect');
    c.emit('emit_then_kick', true);
    await c.seen('disconnect');
    c.say(`active ${c.socket.active}`);
  });
  by('disconnects itself', async (on, client) => {
    const c = client();
    await c.seen('connect');
    const { id } = c.socket;
    c.socket.disconnect();
    await c.seen('disconnect');
    c.say(`the server: ${await on.reasonOf(id)}`);
  });
  by('the server asks', async (on, client) => {
    const c = client();
    c.socket.on('ask', (...args) => args.pop()('yes', ...args));
    await c.seen('connect');
    c.emit('call_me', 'ask', 9000, 1, Buffer.from([2]));
    await c.seen('call_result');
  });
  by('a timeout of the client', async (on, client) => {
    const c = client();
    await c.seen('connect');
    await new Promise((done) => {
      c.socket.timeout(100).emit('ack_never', (err) => {
        c.say(`error ${err.message}`);
        done();
      });
    });
  });
  by('a timeout of the server', async (on, client) => {
    const c = client();
    await c.seen('connect');
    c.emit('call_me', 'nobody answers', 100);
    await c.seen('call_result');
  });
  by('volatile', async (on, client) => {
    const c = client();
    await c.seen('connect');
    await c.ask('echo', 1);
    await on.until(() => c.socket.io.engine.transport.writable);
    c.socket.volatile.emit('echo', 'volatile');
    await c.seen('event echo');
  });
  by('many at once keep their order', async (on, client) => {
    const c = client();
    await c.seen('connect');
    for (let i = 0; i < 30; i++) c.emit('echo', i);
    await c.seen('event echo [29]');
  });
  by('a large message', async (on, client) => {
    const c = client();
    await c.seen('connect');
    const [text] = await new Promise((done) =>
      c.socket.emit('echo', 'x'.repeat(300000), (...a) => done(a)));
    c.say(`answer of ${text.length}`);
  });
  const small = { maxPayload: 2000 };
  by('a message that is too large', small, async (on, client, way) => {
    const c = client();
    await c.seen('connect');
    if (way === 'upgrade') {
      await on.until(() => c.socket.io.engine.transport.name === 'websocket');
      await c.ask('echo');
    }
    const { id } = c.socket;
    c.emit('echo', 'x'.repeat(3000));
    await c.seen('disconnect');
    c.say(`the server: ${await on.reasonOf(id)}`);
  });
  by('a broadcast', { own: 'client broadcast' }, async (on, client) => {
    const c = client();
    const d = client();
    await c.seen('connect');
    await d.seen('connect');
    await c.ask('join', `r ${c.socket.id}`);
    await d.ask('join', `r ${c.socket.id}`);
    c.emit('to_others', `r ${c.socket.id}`, 'news', Buffer.from([1]));
    await d.seen('event news');
    await c.ask('echo');
  });
  by('retries', async (on, client) => {
    const c = client({ retries: 2, ackTimeout: 200 });
    await c.seen('connect');
    await new Promise((done) => c.socket.emit('ack_never', (err) => {
      c.say(`error ${err && err.message}`);
      done();
    }));
  });
  by('emitWithAck', async (on, client) => {
    const c = client();
    await c.seen('connect');
    c.say(`result ${JSON.stringify(await c.socket.emitWithAck('echo', 'x'))}`);
  });
  by('comes back when it was cut off', { own: 'back' }, async (on, client) => {
    const c = client({ reconnection: true, reconnectionDelay: 10 });
    await c.seen('connect');
    const first = c.socket.id;
    c.socket.io.engine.close();
    await c.seen('disconnect');
    await on.until(() => c.socket.connected);
    c.say(`another id ${c.socket.id !== first}`);
  });
  scenario('client: the server stops', { own: 'stop' }, async (on) => {
    const c = on.client({ transports: ['websocket'] });
    const d = on.client({ transports: ['polling'] });
    await c.seen('connect');
    await d.seen('connect');
    await d.ask('echo'); // its GET goes out again behind that
    for (let i = 0; i < 3; i++) await on.settle();
    on.server.signal('SIGTERM');
    await c.seen('disconnect');
    await d.seen('disconnect');
  });
};
