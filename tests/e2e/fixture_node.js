// SPDX-License-Identifier: MIT
'use strict';
// The fixture server on the official packages. Its twin on Peal's public API
// is fixture/main.c: same flags, same events, same routes. Every suite must
// pass here first, so that a failure on Peal is Peal's and not the test's.
// `--package NAME` is another version of socket.io, for clients of ours.
//
// Namespace "/" (args..., "+ack" = acknowledged if the client asks):
//   echo(args...)            ack(args...) or the same event back
//   binary(buf)              ack(x) or `binary` back, x = {size, data, nested}
//   join(room)+ack leave(room)+ack who()+ack(rooms) count(room)+ack(n)
//   to_room(room, ev, args...)      everyone in the room, sender included
//   to_others(room, ev, args...)    the same without the sender
//   broadcast(ev, args...)          everyone but the sender
//   broadcast_all(ev, args...)      everyone
//   except(room|null, [rooms], ev, args...)  room or all, minus those rooms
//   emit_id(id, ev, args...)        to one socket by its id
//   call_me(ev, ms, args...)        emit with ack and timeout, the outcome is
//                                   sent back as `call_result` {answer|error}
//   broadcast_ack(room|null, ev, ms, args...)  `broadcast_result`
//                                   {error: null|text, responses: [...]}
//   volatile(n)              n volatile `volatile`(i)
//   burst(n)                 n `burst`(i) and then ack(n)
//   data_set(key, value)+ack data_get(key)+ack(value)
//   keep(value)+ack          what comes back with a socket that is recovered
//   state()+ack({recovered, kept})
//   kick(close)              DISCONNECT, or the whole connection
//   log(id)+ack([{nsp, reason}])    why this socket was disconnected
//   flood(n, size, key?)     n `flood`(i, buf), conflated by the key (Peal)
//   count_me(x)+ack(x)       counted: `--tell 1` prints the sum at the end
//   task_emit(room, n)+ack(failed)  n `from_task`(i) from another thread
//   figures()+ack({clients, sockets, queue_full})
//   recorded()+ack([names])  what the catch-all handler of this socket saw
// "/auth": refused with data unless auth.token is "good"; `me`+ack(auth), echo
// "/slow": the middleware answers after 200 ms; echo
// "/admin": echo, join, who, broadcast
//
// HTTP: GET /hello, ANY /http/echo ("METHOD target length\n" + body), GET
// /http/stream (chunked). Engine: requests with `x-refuse: TEXT` are refused
// by allowRequest ("-" = no text), `x-refuse-late` does it 50 ms later; the
// header hooks add `x-initial: yes` and `x-every: yes`.
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const engine = require('engine.io');

function parseFlags(argv) {
  const flags = {};
  for (let i = 0; i < argv.length; i += 2) {
    if (!argv[i].startsWith('--') || argv[i + 1] === undefined) {
      throw new Error(`expected --flag value, got ${argv[i]}`);
    }
    flags[argv[i].slice(2)] = argv[i + 1];
  }
  return flags;
}

const flags = parseFlags(process.argv.slice(2));
const num = (name, fallback) =>
  flags[name] === undefined ? fallback : Number(flags[name]);

const library = require(flags.package || 'socket.io');
const Server = library.Server || library;
const httpServer = (flags.tls ? https : http).createServer(
  {
    ...flags.tls && {
      cert: fs.readFileSync(`${flags.tls}.crt`),
      key: fs.readFileSync(`${flags.tls}.key`),
    },
    insecureHTTPParser: false,
    headersTimeout: num('head-timeout', 10000),
    requestTimeout: num('body-timeout', 30000),
    keepAliveTimeout: num('idle-timeout', 5000),
    connectionsCheckingInterval: 100,
  },
  onRequest);

function onRequest(req, res) {
  const path = req.url.split('?')[0];
  if (path === '/hello') {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 5 });
    res.end(req.method === 'HEAD' ? undefined : 'hello');
  } else if (path === '/http/echo') {
    const parts = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
      const body = Buffer.concat(parts);
      const head = Buffer.from(`${req.method} ${req.url} ${body.length}\n`);
      const out = Buffer.concat([head, body]);
      res.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': out.length,
      });
      res.end(req.method === 'HEAD' ? undefined : out);
    });
  } else if (path === '/http/stream') {
    res.writeHead(200, { 'Content-Type': 'text/plain' });
    let n = 0;
    const timer = setInterval(() => {
      res.write(`part ${n}\n`);
      if (++n === 5) {
        clearInterval(timer);
        res.end();
      }
    }, 10);
  } else {
    res.writeHead(404, { 'Content-Length': 0 }).end();
  }
}

const cors = flags.cors && {
  origin: flags.cors,
  credentials: flags.cors !== '*',
};
const io = new Server(httpServer, {
  pingInterval: num('ping-interval', 25000),
  pingTimeout: num('ping-timeout', 20000),
  maxHttpBufferSize: num('max-payload', 1e6),
  upgradeTimeout: num('upgrade-timeout', 10000),
  connectTimeout: num('connect-timeout', 45000),
  cookie: flags.cookie === '1',
  allowEIO3: flags.eio3 === '1',
  path: flags.path || '/socket.io',
  addTrailingSlash: flags['trailing-slash'] !== '0',
  transports: ['polling', 'websocket'].filter(
    (name, bit) => num('transports', 3) >> bit & 1),
  allowUpgrades: flags.upgrades !== '0',
  serveClient: flags['serve-client'] !== '0',
  cors: cors || undefined,
  httpCompression: { threshold: num('compress-threshold', 1024) },
  perMessageDeflate: flags.deflate === '1' && { threshold: 0 },
  ...flags.parser && { parser: require('socket.io-msgpack-parser') },
  ...flags.recovery && {
    connectionStateRecovery: {
      maxDisconnectionDuration: num('recovery', 0),
      skipMiddlewares: flags['recovery-middlewares'] !== '1',
    },
  },
  allowRequest: (req, done) => {
    const text = req.headers['x-refuse'] || req.headers['x-refuse-late'];
    if (text === undefined) {
      done(null, true);
    } else {
      const refuse = () => done(text === '-' ? null : text, false);
      if (req.headers['x-refuse-late']) setTimeout(refuse, 50);
      else refuse();
    }
  },
});
io.engine.on('initial_headers', (headers) => { headers['x-initial'] = 'yes'; });
io.engine.on('headers', (headers) => { headers['x-every'] = 'yes'; });

// Where version 2 differs.
const roomsOf = (socket) => (Array.isArray(socket.rooms) || socket.rooms.size
  ? [...socket.rooms] : Object.keys(socket.rooms)).sort();
const PROTOCOL = new Set(['EIO', 'transport', 't', 'sid', 'b64']);
const authOf = ({ handshake }) => handshake.auth || Object.fromEntries(
  Object.entries(handshake.query).filter(([key]) => !PROTOCOL.has(key)));

async function countOf(all) {
  if (all.fetchSockets) return (await all.fetchSockets()).length;
  if (all.allSockets) return (await all.allSockets()).size;
  return new Promise((resolve) => {
    all.clients((err, list) => resolve(list.length));
  });
}

const log = new Map();
let counted = 0;

function record(socket, reason) {
  if (flags.tell === '1') {
    process.stdout.write(`gone ${socket.id} ${socket.nsp.name} ${reason}\n`);
  }
  const list = log.get(socket.id) || [];
  list.push({ nsp: socket.nsp.name, reason });
  log.set(socket.id, list);
  if (log.size > 4096) log.delete(log.keys().next().value);
}

function onEcho(socket) {
  socket.on('echo', (...args) => {
    const ack = args[args.length - 1];
    if (typeof ack === 'function') ack(...args.slice(0, -1));
    else socket.emit('echo', ...args);
  });
}

const done = (args, ...answer) => {
  const ack = args[args.length - 1];
  if (typeof ack === 'function') {
    args.pop();
    ack(...answer);
  }
};

// socket.io 3 has no timeouts.
function callOld(socket, ev, ms, args, tell) {
  const timer = setTimeout(() => {
    timer.late = true;
    tell(new Error('operation has timed out'));
  }, ms);
  socket.emit(ev, ...args, (...answer) => {
    clearTimeout(timer);
    if (!timer.late) tell(null, ...answer);
  });
}

io.on('connection', (socket) => {
  const seen = [];
  socket.onAny?.((name) => seen.push(name));
  socket.on('disconnect', (reason) => record(socket, reason));
  onEcho(socket);
  socket.on('binary', (buf, ack) => {
    const out = { size: buf.length, data: buf, nested: [buf, { again: buf }] };
    if (ack) ack(out);
    else socket.emit('binary', out);
  });
  socket.on('join', (room, ack) => { socket.join(room); ack && ack(); });
  socket.on('leave', (room, ack) => { socket.leave(room); ack && ack(); });
  socket.on('who', (ack) => ack(roomsOf(socket)));
  socket.on('count', async (room, ack) => ack(await countOf(io.in(room))));
  socket.on('to_room', (room, ev, ...args) => {
    const last = args[args.length - 1];
    if (typeof last === 'function') args.pop();
    io.to(room).emit(ev, ...args);
    if (typeof last === 'function') last();
  });
  socket.on('to_others', (room, ev, ...args) =>
    socket.to(room).emit(ev, ...args));
  socket.on('broadcast', (ev, ...args) => {
    done(args);
    socket.broadcast.emit(ev, ...args);
  });
  socket.on('broadcast_all', (ev, ...args) => {
    done(args);
    io.emit(ev, ...args);
  });
  socket.on('except', (room, not, ev, ...args) =>
    (room === null ? io.except(not) : io.to(room).except(not))
      .emit(ev, ...args));
  socket.on('emit_id', (id, ev, ...args) => io.to(id).emit(ev, ...args));
  socket.on('call_me', (ev, ms, ...args) => {
    const tell = (err, ...answer) =>
      socket.emit('call_result', err ? { error: err.message } : { answer });
    if (socket.timeout) socket.timeout(ms).emit(ev, ...args, tell);
    else callOld(socket, ev, ms, args, tell);
  });
  socket.on('broadcast_ack', (room, ev, ms, ...args) => {
    const to = room === null ? io : io.to(room);
    to.timeout(ms).emit(ev, ...args, (err, responses) =>
      socket.emit('broadcast_result',
        { error: err ? err.message : null, responses }));
  });
  socket.on('volatile', (n) => {
    for (let i = 0; i < n; i++) socket.volatile.emit('volatile', i);
  });
  socket.on('burst', (n, ack) => {
    for (let i = 0; i < n; i++) socket.emit('burst', i);
    ack && ack(n);
  });
  socket.on('data_set', (key, value, ack) => {
    socket.data[key] = value;
    ack && ack();
  });
  socket.on('data_get', (key, ack) =>
    ack(socket.data[key] === undefined ? null : socket.data[key]));
  socket.on('keep', (value, ack) => { socket.data.kept = value; ack(); });
  socket.on('state', (ack) => ack({
    recovered: socket.recovered === true,
    kept: socket.data.kept === undefined ? null : socket.data.kept,
  }));
  socket.on('kick', (close) => socket.disconnect(close));
  socket.on('flood', (n, size) => {
    const data = Buffer.alloc(size);
    for (let i = 0; i < n; i++) socket.emit('flood', i, data);
  });
  socket.on('count_me', (x, ack) => { counted++; ack(x); });
  socket.on('task_emit', (room, n, ack) => setImmediate(() => {
    for (let i = 0; i < n; i++) io.to(room).emit('from_task', i);
    ack(0);
  }));
  socket.on('figures', (ack) => ack({
    clients: io.engine.clientsCount, sockets: io.sockets.sockets.size,
    queue_full: 0,
  }));
  socket.on('log', (id, ack) => ack(log.get(id) || []));
  socket.on('recorded', (ack) => ack(seen));
});

io.of('/auth').use((socket, next) => {
  const auth = authOf(socket);
  if (auth.token === 'good') return next();
  const err = new Error('not authorized');
  if (auth.token !== 'plain') err.data = { code: 401, need: 'good' };
  next(err);
});
io.of('/auth').on('connection', (socket) => {
  socket.on('disconnect', (reason) => record(socket, reason));
  socket.on('me', (ack) => ack(authOf(socket)));
  onEcho(socket);
});

io.of('/slow').use((socket, next) => setTimeout(next, 200));
io.of('/slow').on('connection', (socket) => {
  socket.on('disconnect', (reason) => record(socket, reason));
  onEcho(socket);
});

const admin = io.of('/admin');
admin.on('connection', (socket) => {
  socket.on('disconnect', (reason) => record(socket, reason));
  onEcho(socket);
  socket.on('join', (room, ack) => { socket.join(room); ack && ack(); });
  socket.on('who', (ack) => ack(roomsOf(socket)));
  socket.on('broadcast', (ev, ...args) => socket.broadcast.emit(ev, ...args));
});

require('./fixture_node_side')(io);

// Raw Engine.IO beside it, as in fixture_engine.c.
const raw = new engine.Server({ maxHttpBufferSize: 1 << 20, cookie: true,
  allowEIO3: true });
raw.on('connection', (socket) => socket.on('message', (data) => {
  if (data === '#close') {
    socket.send('bye');
    socket.close();
  } else if (data === '#discard') {
    socket.close(true);
  } else if (data === '#all') {
    for (const one of Object.values(raw.clients)) one.send('to all');
  } else {
    socket.send(data);
  }
}));
raw.attach(httpServer, { path: '/engine.io', destroyUpgrade: false });

httpServer.on('error', (err) => {
  process.stderr.write(`${err.message}\n`);
  process.exit(1);
});
const ready = () => httpServer.listen(num('port', 3000), '127.0.0.1', () =>
  process.stdout.write(`ready ${httpServer.address().port}\n`));

// The same server at a second place: its connections are handed to the first.
const second = flags.unix &&
  net.createServer((socket) => httpServer.emit('connection', socket));
if (second) {
  // Only Peal replaces what a killed server has left behind by itself.
  fs.rmSync(flags.unix, { force: true });
  second.listen(flags.unix, ready);
} else {
  ready();
}

process.on('SIGTERM', () => {
  if (second) second.close();
  raw.close();
  io.close(() => {
    if (flags.tell === '1') process.stdout.write(`counted ${counted}\n`);
    process.exit(0);
  });
});
