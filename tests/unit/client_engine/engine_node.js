// SPDX-License-Identifier: MIT
'use strict';
// An echo on the official engine.io server, for test_client_node.c:
//   node engine_node.js [port]; prints the port it listens on.
// "close" closes the session, "burst N" sends N numbers, "got" says how many
// messages came before it, and which numbers are missing among them, the rest
// comes back.
const http = require('node:http');
const path = require('node:path');
const modules = path.join(__dirname, '../../e2e/node_modules');
const { Server } = require(path.join(modules, 'engine.io'));

const server = http.createServer();
const engine = new Server({ pingInterval: 300, pingTimeout: 700,
  maxHttpBufferSize: 8e6, cookie: { name: 'io', path: '/' } });
engine.attach(server, { path: '/socket.io/' });
engine.on('connection', (socket) => {
  let got = 0;
  let gap = '';
  let upgraded = '';
  socket.on('upgrade', () => { upgraded = `, upgraded at ${got}`; });
  socket.on('message', (data) => {
    if (!gap && /^\d+$/.test(data) && Number(data) !== got)
      gap = `, ${data} followed ${got - 1}`;
    got++;
    if (data === 'got') {
      socket.send(`got ${got - 1}${gap}${upgraded}`);
    } else if (data === 'close') {
      socket.close();
    } else if (typeof data === 'string' && data.startsWith('burst ')) {
      for (let i = 0; i < Number(data.slice(6)); i++) socket.send(String(i));
    } else {
      socket.send(data);
    }
  });
});
server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => {
  console.log(server.address().port);
});
process.stdin.on('end', () => process.exit(0)).resume();
