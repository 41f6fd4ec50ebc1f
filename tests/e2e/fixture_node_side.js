// SPDX-License-Identifier: MIT
'use strict';
// More named behaviours, those that only the runs side by side (tests/side) ask
// for; the same as in fixture/fixture_side.c.
//
// "/", +ack where it is written:
//   send_back(...args)         socket.send(...args)
//   reserved(name)+ack("refused" | "sent")
//   volatile_one(ev, ...args)  ack_twice(x)+ack  ack_never()  ack_late(ms)+ack
//   emit_then_kick(close)      `bye`(1), disconnect, `late`()
//   compressed(flag, ...args)  `big`(...args)
//   join_many([rooms])+ack  leave_own()+ack(count of rooms)
//   to_many([rooms]|null, [except]|null, ev, ...args)  all but the sender
//   to_volatile(room, ev, ...args)  to_local(room, ev, ...args)
//   join_all(room, more)+ack  leave_all(room, other)+ack
//   kick_all(room, close)+ack  fetch(room)+ack([description])
// "/early": its middleware emits `early`. "/two": two middlewares; the first
// emits `passed`, refuses by auth.first; the second by auth.second.
// "/refuse-late": after 400 ms. "/greet": greets and tells those before.
// "/bye", "/close": disconnect in the connect handler. "/watched": join, part;
// tells the room "watch" of "/" `leaving` and `left` (reason, count of rooms)
// "/dyn-N" by a pattern, "/fn-NAME" by a function (auth.ok): refused by auth.bad;
// echo, where()+ack(name), to_own(...args), to_all(...args) from the parent;
// "/dyn-7777" is made by its name
const LATE_MS = 400;

function describe(socket) {
  const { address, xdomain, secure, url, query, auth } = socket.handshake;
  return {
    rooms: socket.rooms.size, data: socket.data,
    handshake: { address, xdomain, secure, url, query, auth },
  };
}

function reserved(socket, name) {
  try {
    socket.emit(name);
    return 'sent';
  } catch {
    return 'refused';
  }
}

function onSocket(io, socket) {
  const on = {
    send_back: (...args) => socket.send(...args),
    reserved: (name, ack) => ack(reserved(socket, name)),
    volatile_one: (ev, ...args) => socket.volatile.emit(ev, ...args),
    ack_twice: (x, ack) => { ack(x); ack('again'); },
    ack_never: () => {},
    ack_late: (ms, ack) => setTimeout(() => ack('late'), ms),
    emit_then_kick: (close) => {
      socket.emit('bye', 1);
      socket.disconnect(close);
      socket.emit('late');
    },
    compressed: (flag, ...args) => socket.compress(flag).emit('big', ...args),
    join_many: (rooms, ack) => { socket.join(rooms); ack(); },
    leave_own: (ack) => { socket.leave(socket.id); ack(socket.rooms.size); },
    to_many: (rooms, except, ev, ...args) => {
      const to = rooms ? socket.to(rooms) : socket.broadcast;
      (except ? to.except(except) : to).emit(ev, ...args);
    },
    to_volatile: (room, ev, ...args) =>
      io.to(room).volatile.emit(ev, ...args),
    to_local: (room, ev, ...args) => io.local.to(room).emit(ev, ...args),
    join_all: (room, more, ack) => { io.in(room).socketsJoin(more); ack(); },
    leave_all: (room, other, ack) => {
      io.in(room).socketsLeave(other);
      ack();
    },
    kick_all: (room, close, ack) => {
      io.in(room).disconnectSockets(close);
      ack();
    },
    fetch: async (room, ack) =>
      ack((await io.in(room).fetchSockets()).map(describe)),
  };
  for (const [event, fn] of Object.entries(on)) socket.on(event, fn);
}

function refusal(message, data) {
  const err = new Error(message);
  err.data = data;
  return err;
}

function doors(io) {
  io.of('/early').use((socket, next) => { socket.emit('early', 1); next(); });
  io.of('/two').use((socket, next) => {
    socket.emit('passed', 'first');
    next(socket.handshake.auth.first ? refusal('first says no', [1])
      : undefined);
  });
  io.of('/two').use((socket, next) => next(socket.handshake.auth.second
    ? refusal('second says no', 'words') : undefined));
  io.of('/refuse-late').use((socket, next) =>
    setTimeout(() => next(new Error('late')), LATE_MS));
  io.of('/greet').on('connection', (socket) => {
    socket.emit('hello', 'there');
    socket.join('greeted');
    socket.to('greeted').emit('newcomer');
  });
  io.of('/bye').on('connection', (socket) => socket.disconnect());
  io.of('/close').on('connection', (socket) => socket.disconnect(true));
}

function watched(io) {
  io.of('/watched').on('connection', (socket) => {
    const tell = (what) => (reason) =>
      io.to('watch').emit(what, reason, socket.rooms.size);
    socket.on('join', (room, ack) => { socket.join(room); ack(); });
    socket.on('part', (close) => socket.disconnect(close));
    socket.on('disconnecting', tell('leaving'));
    socket.on('disconnect', tell('left'));
  });
}

function parent(all) {
  all.use((socket, next) => next(socket.handshake.auth?.bad
    ? new Error('by the parent') : undefined));
  all.on('connection', (socket) => {
    socket.on('echo', (...args) => {
      const ack = args.pop();
      if (typeof ack === 'function') ack(...args);
      else socket.emit('echo', ...args, ack);
    });
    socket.on('where', (ack) => ack(socket.nsp.name));
    socket.on('to_own', (...args) => socket.nsp.emit('own', ...args));
    socket.on('to_all', (...args) => all.emit('all', ...args));
  });
}

function parents(io) {
  parent(io.of(/^\/dyn-\d+$/));
  parent(io.of((name, auth, next) =>
    next(null, name.startsWith('/fn-') && Boolean(auth?.ok))));
  io.of('/dyn-7777');
}

module.exports = (io) => {
  io.on('connection', (socket) => onSocket(io, socket));
  doors(io);
  watched(io);
  parents(io);
};
