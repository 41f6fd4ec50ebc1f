// SPDX-License-Identifier: MIT
'use strict';
// examples/device does what its first comment promises, with the official
// server: node example.js PROGRAM
const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { spawn } = require('node:child_process');
const readline = require('node:readline');
const { Server } = require('../e2e/node_modules/socket.io');

async function main() {
  const server = http.createServer();
  const io = new Server(server, { transports: ['websocket'] });
  const told = [];
  let seen;
  const answered = new Promise((done) => { seen = done; });
  io.on('connection', (socket) => {
    socket.on('temperature', (reading, ack) => {
      told.push(reading.celsius);
      ack();
    });
    socket.emit('hello', seen);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const program = spawn(process.argv[2],
    ['127.0.0.1', String(server.address().port)],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = [];
  const lines = readline.createInterface({ input: program.stdout });
  lines.on('line', (line) => said.push(line));
  const until = async (is) => {
    while (!is()) await once(lines, 'line');
  };
  await until(() => said.filter((text) => text === 'stored').length === 2);
  assert.equal(await answered, 'seen');
  assert.ok(said.includes('connected') && said.includes('hello'));
  assert.ok(told.length >= 2 && told.every((t) => t >= 20 && t < 22));
  io.close();
  server.close();
  await until(() => said.includes('disconnected') &&
    said.includes('no connection'));
  program.kill();
  console.log('device: as promised');
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
