// SPDX-License-Identifier: MIT
'use strict';
// The official client for the tests of the command: lines of JSON come on
// stdin, [number, event, ...args]; what happens is printed.
const path = require('node:path');
const readline = require('node:readline');

const e2e = path.join(__dirname, '..', 'e2e');
const { io } = require(require.resolve('socket.io-client', { paths: [e2e] }));
const say = (what) => console.log(JSON.stringify(what));
const socket = io(process.argv[2], { reconnection: false });

socket.on('connect', () => say({ connected: socket.id }));
socket.on('disconnect', (reason) => say({ disconnected: reason }));
socket.on('connect_error', (err) => say({ refused: err.message }));
socket.on('add', (a, b, done) => done(a + b));
socket.onAny((event, ...args) => {
  if (event !== 'add') say({ event, args });
});
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [number, event, ...args] = JSON.parse(line);
  socket.emit(event, ...args, (...answer) =>
    say({ ack: number, args: answer }));
});
