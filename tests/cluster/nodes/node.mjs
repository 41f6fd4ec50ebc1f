// SPDX-License-Identifier: MIT
// A node of socket.io, told by its control namespace what to do:
//   node node.mjs --redis URL --mode classic|static|dynamic|dynamic-private|streams
// It prints "ready PORT". The commands are those of README.md.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import redisAdapter from '@socket.io/redis-adapter';
import { createAdapter as createStreams } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    redis: { type: 'string' },
    mode: { type: 'string', default: 'classic' },
    recovery: { type: 'boolean', default: false },
    admin: { type: 'string' },
  },
});

async function client() {
  const one = createClient({ url: flags.redis });
  one.on('error', () => {});
  return one.connect();
}

async function adapter() {
  const pub = await client();
  if (flags.mode === 'streams') return createStreams(pub);
  const sub = await client();
  if (flags.mode === 'classic') return redisAdapter.createAdapter(pub, sub);
  return redisAdapter.createShardedAdapter(pub, sub, { subscriptionMode: flags.mode });
}

const http = createServer();
const io = new Server(http, {
  adapter: await adapter(), serveClient: false,
  connectionStateRecovery: flags.recovery ? {} : undefined,
});
if (flags.admin) {
  const { default: { instrument } } = await import('@socket.io/admin-ui');
  instrument(io, { auth: false, serverId: flags.admin, mode: 'development' });
}
const heard = []; // what other servers have said

// Whom a command names: {to, except, flags}.
function whom(command) {
  let some = io.of(command.nsp ?? '/');
  if (command.to) some = some.to(command.to);
  if (command.except) some = some.except(command.except);
  if (command.flags?.volatile) some = some.volatile;
  if (command.flags?.local) some = some.local;
  return some;
}

const answered = (done) => (err, responses) => done({ err: Boolean(err), responses });

const COMMANDS = {
  emit: (c, done) => done(whom(c).emit(c.event, ...c.args)),
  many: (c, done) => {
    for (let i = 0; i < c.count; i += 1) whom(c).emit(c.event, i);
    done();
  },
  join: (c, done) => done(whom(c).socketsJoin(c.room)),
  leave: (c, done) => done(whom(c).socketsLeave(c.room)),
  disconnect: (c, done) => done(whom(c).disconnectSockets(c.close ?? false)),
  ask: (c, done) => whom(c).timeout(c.timeout ?? 2000).emit(c.event, ...c.args, answered(done)),
  fetch: async (c, done) => {
    const sockets = await whom(c).fetchSockets();
    done(sockets.map(({ id, rooms, data, handshake }) => ({
      id, rooms: [...rooms], data, auth: handshake.auth, query: handshake.query.who,
    })));
  },
  members: async (c, done) => done([...(await whom(c).fetchSockets())].map(({ id }) => id)),
  rooms: async (c, done) => done([...await io.of(c.nsp ?? '/').adapter.allRooms()]),
  call: (c, done) => done(io.of(c.nsp ?? '/').serverSideEmit(c.event, ...c.args)),
  call_ack: (c, done) =>
    io.of(c.nsp ?? '/').serverSideEmit(c.event, ...c.args, answered(done)),
  heard: (c, done) => done(heard.splice(0)),
};

for (const name of ['/', '/chat']) {
  const nsp = io.of(name);
  nsp.on('connection', (socket) => {
    socket.data = { who: socket.handshake.auth.who };
    socket.on('join', (room, done) => { socket.join(room); done(); });
    socket.on('recovered', (done) => done(socket.recovered, socket.data));
    socket.on('leave', (room, done) => { socket.leave(room); done(); });
    socket.on('say', (rooms, event, args, done) => {
      (rooms ? socket.to(rooms) : socket.broadcast).emit(event, ...args);
      done();
    });
  });
  nsp.on('told', (...args) => heard.push(args));
  nsp.on('asked', (value, done) => done({ was: value }));
}
io.of('/control').on('connection', (socket) => {
  socket.on('do', async (command, done) => {
    try {
      await COMMANDS[command.do](command, (value) => done({ value: value ?? null }));
    } catch (err) {
      done({ error: err.message });
    }
  });
});
http.listen(Number(flags.port), '127.0.0.1', () => {
  console.log(`ready ${http.address().port}`);
});
