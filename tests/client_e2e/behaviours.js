// SPDX-License-Identifier: MIT
'use strict';
// The scenarios of behaviour.js. `on` is a client and a server of socket.io
// with a line between them (lib/both.js). A scenario ends when what it waits
// for has been seen; `same` brings lists into a form that can be compared,
// where the reference leaves an order open; `quirk` are lines of the reference
// that ours is not to have.
const ALL = ['polling', 'websocket', 'upgrade'];
const DIRECT = ['polling', 'websocket'];

const scenarios = [];
function scenario(name, opts, fn) {
  if (typeof opts === 'function') [opts, fn] = [{}, opts];
  scenarios.push({ name, fn, ways: DIRECT, ...opts });
}

const echoes = (io) => io.on('connection', (socket) => {
  socket.on('echo', (...args) => {
    const last = args[args.length - 1];
    if (typeof last === 'function') last(...args.slice(0, -1));
    else socket.emit('echo', ...args);
  });
  socket.on('leave me', (close) => socket.disconnect(close));
});

// Order of what comes from two namespaces, or from manager and socket at one
// moment, is not always the same.
const sorted = (lines) => [...lines].sort();

// -- connecting and leaving ------------------------------------------------------

scenario('connects, asks and leaves', { ways: ALL }, async (on) => {
  await on.serve({}, echoes);
  const socket = on.open();
  await on.seen('1 connect');
  await on.state(socket);
  await socket.ask('echo', 1, 'two', [3]);
  socket.close();
  await on.seen('disconnect');
  await on.state(socket);
});

scenario('connects again after it left', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ reconnect: true });
  await on.seen('1 connect');
  socket.close();
  await on.seen('disconnect');
  socket.connect();
  await on.seen('1 connect', 2);
  await socket.ask('echo', 1);
});

scenario('connect and close twice are once', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open();
  socket.connect();
  await on.seen('1 connect');
  socket.connect();
  await socket.ask('echo', 1);
  socket.close();
  socket.close();
  await on.seen('disconnect');
  await on.state(socket);
});

scenario('does not connect by itself if it is told so', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ opts: { autoConnect: false } });
  await on.state(socket);
  socket.emit('echo', 'waited');
  socket.connect();
  await on.seen('1 connect');
  await socket.ask('echo', 'behind');
});

scenario('leaves before it is connected', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open();
  socket.close();
  await on.sleep(300);
  await on.state(socket);
  on.mark(`${on.io.of('/').sockets.size} sockets`);
});

for (const close of [false, true]) {
  scenario(`the server ends ${close ? 'the connection' : 'the namespace'}`,
    async (on) => {
      await on.serve({}, echoes);
      const socket = on.open({ reconnect: true });
      await on.seen('1 connect');
      socket.emit('leave me', close);
      await on.seen('1 disconnect');
      await on.sleep(200);
      await on.state(socket);
      socket.connect();
      await on.seen('1 connect', 2);
      await socket.ask('echo', 1);
    });
}

scenario('leaves in the handler of its connect', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ when: [{ on: 'connect', do: [{ do: 'close', id: 0 }] }] });
  await on.seen('disconnect');
  await on.state(socket);
});

scenario('connects in the handler of its disconnect', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({
    when: [{ on: 'disconnect', do: [{ do: 'connect', id: 0 },
      { do: 'emit', id: 0, event: 'echo', args: ['in between'] }] }],
    events: ['echo'],
  });
  await on.seen('1 connect');
  socket.emit('leave me', false);
  await on.seen('1 connect', 2);
  await on.seen('in between');
});

scenario('leaves in the handler of an event', async (on) => {
  await on.serve({}, (io) => io.on('connection', (socket) => {
    for (let i = 0; i < 3; i++) socket.emit('news', i);
  }));
  const socket = on.open({ events: ['news'],
    when: [{ on: 'event news', do: [{ do: 'close', id: 0 }] }] });
  await on.seen('disconnect');
  await on.sleep(100);
  await on.state(socket);
});

// -- connections that break --------------------------------------------------------

for (const how of ['fin', 'rst']) {
  scenario(`the line ends by ${how} and the client comes back`, async (on) => {
    await on.serve({}, echoes);
    const socket = on.open({ reconnect: true });
    await on.seen('1 connect');
    await socket.ask('echo', 1);
    await on.cut(how);
    await on.seen('1 connect', 2);
    await socket.ask('echo', 2);
  });
}

scenario('the line goes and nothing reconnects', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open();
  await on.seen('1 connect');
  await on.cut('rst');
  await on.seen('disconnect');
  await on.sleep(200);
  await on.state(socket);
});

scenario('the server falls silent: ping timeout', { ways: ['websocket'] },
  async (on) => {
    await on.serve({ pingInterval: 1000, pingTimeout: 1000 }, echoes);
    const socket = on.open({ reconnect: true });
    await on.seen('1 connect');
    await on.cut('hole');
    await on.seen('1 connect', 2);
    await socket.ask('echo', 2);
  });

scenario('the server goes and comes', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ reconnect: true });
  await on.seen('1 connect');
  await on.busy();
  await on.down();
  await on.seen('manager reconnect_error', 2);
  await on.state(socket);
  await on.up();
  await on.seen('1 connect', 2);
  await socket.ask('echo', 2);
  // How often it was tried is a matter of time.
  on.lines = on.lines.filter((line) =>
    !/reconnect_attempt|reconnect_error|connect_error|reconnect \d/.test(line));
});

scenario('the server ends all, orderly', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({});
  await on.seen('1 connect');
  await socket.ask('echo', 1);
  // No request is on its way, but one GET that waits.
  await on.sleep(100);
  await on.until(() => Object.values(on.io.engine.clients)
    .every((one) => one.transport.writable), 'a GET that waits');
  on.io.close();
  await on.seen('disconnect');
  await on.state(socket);
});

scenario('nobody listens: attempts, and then no more', async (on) => {
  await on.serve({}, echoes);
  await on.down();
  const socket = on.open({ reconnect: true, opts: { reconnectionAttempts: 3 } });
  await on.seen('manager reconnect_failed');
  await on.sleep(200);
  await on.state(socket);
  await on.up();
  socket.connect();
  await on.seen('1 connect');
});

scenario('nobody listens and nothing is tried again', async (on) => {
  await on.serve({}, echoes);
  await on.down();
  const socket = on.open({});
  await on.seen('connect_error');
  await on.sleep(200);
  await on.state(socket);
});

scenario('a server that never answers: the time is over', async (on) => {
  on.plan = (n) => ({ mute: n < 1 });
  await on.serve({}, echoes);
  const socket = on.open({ reconnect: true, opts: { timeout: 2000 } });
  await on.seen('1 connect');
  await socket.ask('echo', 1);
});

scenario('leaves while it waits to connect again', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ reconnect: true,
    opts: { reconnectionDelay: 300, reconnectionDelayMax: 300 } });
  await on.seen('1 connect');
  await on.cut('rst');
  await on.seen('1 disconnect');
  socket.close();
  await on.sleep(600);
  await on.state(socket);
});

scenario('leaves in the handler of a failed connection', async (on) => {
  await on.serve({}, echoes);
  await on.down();
  const socket = on.open({ reconnect: true,
    when: [{ on: 'refused', do: [{ do: 'close', id: 0 }] }] });
  await on.seen('connect_error');
  await on.sleep(300);
  await on.state(socket);
});

scenario('what is no packet: parse error, and it comes back', async (on) => {
  let bad = true;
  await on.serve({}, (io) => io.on('connection', (socket) => {
    socket.on('go', () => {
      if (bad) socket.conn.write('9no packet');
      bad = false;
    });
  }));
  const socket = on.open({ reconnect: true });
  await on.seen('1 connect');
  socket.emit('go');
  await on.seen('1 connect', 2);
});

scenario('an attachment that never comes is forgotten', async (on) => {
  let bad = true;
  await on.serve({}, (io) => io.on('connection', (socket) => {
    if (!bad) socket.emit('whole', Buffer.from([1, 2]));
    socket.on('go', () => {
      bad = false;
      socket.conn.write('451-["half",{"_placeholder":true,"num":0}]');
      setTimeout(() => socket.conn.close(), 100);
    });
  }));
  const socket = on.open({ reconnect: true, events: ['half', 'whole'] });
  await on.seen('1 connect');
  socket.emit('go');
  await on.seen('event whole');
});

// -- what is said while there is no connection ---------------------------------------

scenario('what is emitted before the connect comes in order', { ways: ALL },
  async (on) => {
    await on.serve({}, echoes);
    const socket = on.open({ events: ['echo'] });
    for (let i = 0; i < 5; i++) socket.emit('echo', i);
    await on.seen('[4]');
  });

scenario('what is emitted without a connection waits for the next',
  async (on) => {
    await on.serve({}, echoes);
    const socket = on.open({ reconnect: true, events: ['echo'] });
    await on.seen('1 connect');
    await on.cut('rst');
    await on.seen('1 disconnect');
    for (let i = 0; i < 3; i++) socket.emit('echo', i);
    const answer = socket.ask('echo', 'asked');
    await on.seen('[2]');
    await answer;
  });

// The reference takes a WebSocket that has just broken for one that is open.
scenario('volatile events do not wait', { quirk: /lost/ }, async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ reconnect: true, events: ['echo'],
    opts: { reconnectionDelay: 500, reconnectionDelayMax: 500 } });
  socket.emitWith({ volatile: true }, 'echo', 'too early');
  socket.emit('echo', 'waits');
  await on.seen('event echo');
  await on.cut('rst');
  await on.seen('1 disconnect');
  socket.emitWith({ volatile: true }, 'echo', 'lost');
  socket.emit('echo', 'kept');
  await on.seen('kept');
});

scenario('emitted in the handlers of connect and disconnect', async (on) => {
  await on.serve({}, echoes);
  on.open({
    reconnect: true, events: ['echo'],
    when: [
      { on: 'connect', times: 2,
        do: [{ do: 'emit', id: 0, event: 'echo', args: ['in connect'] }] },
      { on: 'disconnect',
        do: [{ do: 'emit', id: 0, event: 'echo', args: ['in disconnect'] }] },
    ],
  });
  await on.seen('in connect');
  await on.cut('rst');
  await on.seen('in disconnect');
  await on.seen('in connect', 2);
});

scenario('what the server says before it accepts comes behind the connect',
  async (on) => {
    await on.serve({}, (io) => {
      io.use((socket, next) => { socket.emit('early', 1); next(); });
      io.on('connection', (socket) => socket.emit('late', 2));
    });
    on.open({ events: ['early', 'late'] });
    await on.seen('event late');
    await on.seen('event early');
  });

// -- acknowledgements ---------------------------------------------------------------

const deaf = (io) => io.on('connection', (socket) => {
  socket.on('deaf', () => {});
  socket.on('echo', (x, ack) => ack(x));
});

scenario('an answer that does not come in time', async (on) => {
  await on.serve({}, deaf);
  const socket = on.open();
  await on.seen('1 connect');
  await socket.askWith({ timeout: 200 }, 'deaf', 1);
  await socket.askWith({ timeout: 5000 }, 'echo', 2);
});

scenario('the connection goes before the answer', async (on) => {
  await on.serve({}, deaf);
  const socket = on.open({ reconnect: true });
  await on.seen('1 connect');
  const answer = socket.askWith({ timeout: 20000 }, 'deaf', 1);
  await socket.ask('echo', 0);
  await on.cut('rst');
  await answer;
  await on.seen('1 connect', 2);
  await socket.askWith({ timeout: 5000 }, 'echo', 2);
});

scenario('it leaves before the answer', async (on) => {
  await on.serve({}, deaf);
  const socket = on.open({ opts: { ackTimeout: 20000 } });
  await on.seen('1 connect');
  const answers = [1, 2].map((i) => socket.ask('deaf', i));
  await socket.ask('echo', 0);
  socket.close();
  await Promise.all(answers);
  await on.seen('manager close');
});

scenario('an event that waits too long is not sent', async (on) => {
  await on.serve({}, (io) => io.on('connection', (socket) => {
    socket.on('late', () => socket.emit('news', 'it came'));
    socket.on('echo', (x, ack) => ack(x));
  }));
  await on.down();
  const socket = on.open({ reconnect: true, events: ['news'] });
  await socket.askWith({ timeout: 200 }, 'late');
  const answer = socket.ask('echo', 1);
  await on.up();
  await answer;
  await on.sleep(100);
  on.lines = on.lines.filter((line) =>
    !/manager|connect_error/.test(line));
});

// -- retries -------------------------------------------------------------------------

// Answers what it is asked that many times.
const stubborn = (times) => (io) => {
  const seen = {};
  io.on('connection', (socket) => socket.on('count', (x, ack) => {
    seen[x] = (seen[x] || 0) + 1;
    if (seen[x] >= times) ack(x, seen[x]);
  }));
};

scenario('retries until it is answered, in order', async (on) => {
  await on.serve({}, stubborn(2));
  const socket = on.open({ opts: { retries: 5, ackTimeout: 1500 } });
  await on.seen('1 connect');
  await Promise.all([1, 2].map((i) => socket.ask('count', i)));
});

scenario('retries come to an end', async (on) => {
  await on.serve({}, stubborn(4));
  const socket = on.open({ opts: { retries: 1, ackTimeout: 150 } });
  await on.seen('1 connect');
  await Promise.all([1, 2].map((i) => socket.ask('count', i)));
  await on.sleep(100);
});

scenario('retries go on behind a new connection', async (on) => {
  await on.serve({}, stubborn(2));
  const socket = on.open({ reconnect: true,
    opts: { retries: 9, ackTimeout: 20000 } });
  await on.seen('1 connect');
  const answers = Promise.all([1].map((i) => socket.ask('count', i)));
  await on.sleep(200);
  await on.cut('rst');
  await answers;
});

scenario('retries of what was emitted before the connect', async (on) => {
  await on.serve({}, stubborn(1));
  const socket = on.open({ opts: { retries: 2, ackTimeout: 20000 } });
  await Promise.all([1, 2, 3].map((i) => socket.ask('count', i)));
});

scenario('retries without a callback keep the order', async (on) => {
  let got = [];
  await on.serve({}, (io) => io.on('connection', (socket) => {
    socket.on('put', (x, ack) => {
      got.push(x);
      if (got.length > 1) ack();
    });
    socket.on('all', (ack) => ack(got));
  }));
  const socket = on.open({ opts: { retries: 3, ackTimeout: 1500 } });
  await on.seen('1 connect');
  for (const x of ['a', 'b', 'c']) socket.emit('put', x);
  await socket.ask('all');
  got = [];
});

// -- namespaces ------------------------------------------------------------------------

const spaces = (io) => {
  for (const name of ['/', '/one', '/two']) {
    io.of(name).on('connection', (socket) => {
      socket.on('echo', (x, ack) => ack(`${name} ${x}`));
      socket.on('leave me', () => socket.disconnect());
    });
  }
  io.of('/guarded').use((socket, next) => {
    if (socket.handshake.auth.token === 'good') return next();
    const err = new Error('not you');
    err.data = { code: 401, list: [1] };
    next(err);
  });
};

scenario('namespaces joined while the connection is made', { same: sorted },
  async (on) => {
    await on.serve({}, spaces);
    const root = on.open();
    const one = on.open({ nsp: '/one', with: root });
    const two = on.open({ nsp: '/two', with: root });
    await Promise.all([root, one, two].map((s) => s.ask('echo', 'here')));
  });

scenario('one namespace left, the other stays; the last closes', async (on) => {
  await on.serve({}, spaces);
  const root = on.open();
  await on.seen('1 connect');
  const one = on.open({ nsp: '/one', with: root });
  await on.seen('2 connect');
  one.close();
  await on.seen('2 disconnect');
  await root.ask('echo', 'still here');
  one.connect();
  await on.seen('2 connect', 2);
  root.close();
  one.close();
  await on.seen('2 disconnect', 2);
  await on.seen('manager close');
  await on.state(root);
  await on.state(one);
});

scenario('the server ends one of two namespaces', async (on) => {
  await on.serve({}, spaces);
  const root = on.open({ reconnect: true });
  await on.seen('1 connect');
  const one = on.open({ nsp: '/one', with: root });
  await on.seen('2 connect');
  one.emit('leave me');
  await on.seen('2 disconnect');
  await root.ask('echo', 'still here');
  await on.cut('rst');
  await on.seen('1 connect', 2);
  await on.sleep(100);
  await on.state(root);
  await on.state(one);
});

scenario('all namespaces come back', { same: sorted }, async (on) => {
  await on.serve({}, spaces);
  const root = on.open({ reconnect: true });
  const one = on.open({ nsp: '/one', with: root });
  await on.seen('1 connect');
  await on.seen('2 connect');
  await on.cut('rst');
  await on.seen('1 connect', 2);
  await on.seen('2 connect', 2);
  await Promise.all([root, one].map((s) => s.ask('echo', 'here')));
});

scenario('a refused namespace, with data, and once more with better auth',
  async (on) => {
    await on.serve({}, spaces);
    const bad = on.open({ nsp: '/guarded', reconnect: true,
      auth: { token: 'bad' } });
    await on.seen('refused');
    await on.sleep(100);
    await on.state(bad);
    bad.connect();
    await on.seen('refused', 2);
    const good = on.open({ nsp: '/guarded', auth: { token: 'good' } });
    await on.seen('2 connect');
    await on.state(good);
  });

scenario('a namespace that does not exist', async (on) => {
  await on.serve({}, spaces);
  const root = on.open({ reconnect: true });
  await on.seen('1 connect');
  const none = on.open({ nsp: '/none', with: root });
  await on.seen('refused');
  await on.state(none);
  await root.ask('echo', 'still here');
});

// -- auth, catch-all, recovery ------------------------------------------------------------

for (const ms of [0, 100]) {
  scenario(`auth is asked at each connect, and answers after ${ms} ms`,
    async (on) => {
      await on.serve({}, (io) => io.on('connection', (socket) =>
        socket.emit('you are', socket.handshake.auth)));
      on.open({ reconnect: true, askAuth: ms, auth: { token: [1, 'x'] },
        events: ['you are'] });
      await on.seen('event you are');
      await on.cut('rst');
      await on.seen('event you are', 2);
    });
}

scenario('catch-all, both ways', async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ any: true, outgoing: true, events: ['echo'] });
  await on.seen('1 connect');
  socket.emit('echo', { a: [1] });
  await on.seen('event echo');
  await socket.ask('echo', 2);
});

scenario('binary events and answers', { ways: ALL }, async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ events: ['echo'] });
  await on.seen('1 connect');
  socket.emit('echo', Buffer.from([1, 2, 255]), { deep: [Buffer.alloc(3)] });
  await on.seen('event echo');
  await socket.ask('echo', [Buffer.from('x')]);
});

scenario('what was missed comes back: state recovery', async (on) => {
  await on.serve({ connectionStateRecovery: {} }, (io) =>
    io.on('connection', (socket) => {
      if (!socket.recovered) socket.emit('news', 'first');
      socket.join('room');
    }));
  const socket = on.open({ reconnect: true, events: ['news'],
    opts: { reconnectionDelay: 300, reconnectionDelayMax: 300 } });
  await on.seen('first');
  await on.cut('rst');
  await on.seen('1 disconnect');
  await on.until(() => !on.io.of('/').sockets.size, 'the server noticed');
  on.io.to('room').emit('news', 'missed', 1);
  on.io.to('room').emit('news', 'missed', 2);
  await on.seen('recovered');
  await on.seen('["missed",2');
  on.io.to('room').emit('news', 'last');
  await on.seen('last');
  await on.state(socket);
});

scenario('no recovery behind a leave of its own', async (on) => {
  await on.serve({ connectionStateRecovery: {} }, (io) =>
    io.on('connection', (socket) => socket.emit('news', socket.recovered)));
  const socket = on.open({ reconnect: true, events: ['news'] });
  await on.seen('event news');
  socket.close();
  await on.seen('1 disconnect');
  socket.connect();
  await on.seen('event news', 2);
});

// -- transports -----------------------------------------------------------------------------

scenario('no upgrade if it is told so', { ways: ['upgrade'] }, async (on) => {
  await on.serve({}, echoes);
  const socket = on.open({ opts: { upgrade: false } });
  await on.seen('1 connect');
  await socket.ask('echo', 1);
  on.mark((await socket.state()).transport);
});

scenario('a WebSocket that cannot be had, and polling instead',
  { ways: ['websocket'] }, async (on) => {
    await on.serve({ transports: ['polling'] }, echoes);
    const socket = on.open({ transports: ['websocket', 'polling'],
      opts: { tryAllTransports: true } });
    await on.seen('1 connect');
    await socket.ask('echo', 1);
    on.mark((await socket.state()).transport);
  });

scenario('headers and query reach the server', async (on) => {
  await on.serve({}, (io) => io.on('connection', ({ handshake }) =>
    io.emit('you said', handshake.headers['x-mine'], handshake.query.q)));
  on.open({ events: ['you said'],
    opts: { extraHeaders: { 'x-mine': 'a b' }, query: { q: 'ä&=?' } } });
  await on.seen('event you said');
});

module.exports = scenarios;
