// SPDX-License-Identifier: MIT
'use strict';
// A server of the reference for the tests of the command:
//   node node_server.js [--version 4|3|2] [options as JSON]
// It prints "port N" when it listens, and ends with its parent's pipe.
const http = require('node:http');
const path = require('node:path');

const e2e = path.join(__dirname, '..', 'e2e');
const packages = { 2: 'socket.io-2', 3: 'socket.io-3', 4: 'socket.io' };
const flag = process.argv.indexOf('--version');
const version = flag > 0 ? process.argv[flag + 1] : '4';
const rest = process.argv.slice(2)
  .filter((word, i, all) => word !== '--version' && all[i - 1] !== '--version');
const options = JSON.parse(rest[0] || '{}');

const wanted = options.token;
const origin = options.only_origin;
delete options.token;
delete options.only_origin;
if (origin) {
  options.allowRequest = (req, done) =>
    done('not this origin', req.headers.origin === undefined ||
      req.headers.origin === origin);
}

const found = require(require.resolve(packages[version], { paths: [e2e] }));
const server = http.createServer((req, res) => {
  res.writeHead(404, { 'Content-Type': 'text/html' });
  res.end('<!DOCTYPE html><html><body>nothing here</body></html>');
});
const Server = found.Server || found;
const io = new Server(server, options);

let calls = 0;

function serve(nsp) {
  nsp.on('connection', (socket) => {
    socket.on('echo', (...args) => {
      const done = typeof args[args.length - 1] === 'function' && args.pop();
      socket.emit('echo', ...args);
      if (done) done(...args);
    });
    socket.on('ask', (event, value, done) => {
      socket.emit(event, value, (...answer) => done(...answer));
    });
    socket.on('who', (done) => done({
      auth: socket.handshake.auth,
      query: socket.handshake.query,
      header: socket.handshake.headers['x-test'],
      origin: socket.handshake.headers.origin,
      transport: socket.conn.transport.name,
    }));
    socket.on('feed', (n) => {
      for (let i = 0; i < n; i++) socket.emit('tick', i);
    });
    socket.on('say', (...args) => socket.broadcast.emit('say', ...args));
    socket.on('poll', (event, value, done) => {
      socket.broadcast.timeout(5000).emit(event, value,
        (err, answers) => done(answers));
    });
    socket.on('silence', () => {});
    socket.on('sometimes', (value, done) => {
      calls += 1;
      if (calls % 2) done(value);
    });
    socket.on('bye', () => socket.disconnect());
    socket.on('cut', () => socket.conn.close());
  });
}

serve(io.of('/'));
if (version !== '2') {
  serve(io.of('/room'));
  io.of('/locked').use((socket, next) => {
    if (socket.handshake.auth.token === wanted && wanted) next();
    else {
      const err = new Error('who are you?');
      err.data = { code: 42 };
      next(err);
    }
  });
  io.of('/rude').use((socket, next) => next(new Error('no\u009b2J\u001b[2J!')));
  serve(io.of('/locked'));
}

server.listen(0, '127.0.0.1', () => {
  console.log(`port ${server.address().port}`);
});
process.on('SIGTERM', () => process.exit(0));
