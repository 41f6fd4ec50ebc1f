// SPDX-License-Identifier: MIT
// What clients that only wait make a server hold: memory of its own
// (RssAnon), its buffers in the kernel not counted.
//   node bench/sizing.mjs PROGRAM-OF-examples/rooms [CLIENTS...]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const WebSocket = createRequire(
  fileURLToPath(new URL('../tests/e2e/package.json', import.meta.url)))('ws');
const [program, ...counts] = process.argv.slice(2);
const PORT = 23990;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function held(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/RssAnon:\s+(\d+)/.exec(status)[1]) * 1024;
}

function connect(rooms, names) {
  return new Promise((done, fail) => {
    const socket = new WebSocket(
      `ws://127.0.0.1:${PORT}/socket.io/?EIO=4&transport=websocket`,
      { perMessageDeflate: false });
    let answers = 0;
    socket.on('error', fail);
    socket.on('message', (data) => {
      const text = String(data);
      if (text[0] === '0') socket.send('40');
      if (text === '2') socket.send('3');
      if (text.startsWith('40')) {
        for (let i = 0; i < rooms; i++)
          socket.send(`42${i}["enter","number ${(Math.random() * names) | 0}"]`);
        if (!rooms) done(socket);
      }
      if (text.startsWith('43') && ++answers === rooms) done(socket);
    });
  });
}

for (const count of counts.map(Number)) {
  for (const rooms of [0, 10]) {
    const server = spawn(program, [String(PORT)], { stdio: 'ignore' });
    await wait(500);
    const before = held(server.pid);
    const began = Date.now();
    const sockets = [];
    while (sockets.length < count) {
      sockets.push(...await Promise.all(
        Array.from({ length: 50 }, () => connect(rooms, count))));
    }
    await wait(1500);
    const grown = held(server.pid) - before;
    console.log(`${count} clients in ${rooms} rooms each: ` +
      `${(grown / 1048576).toFixed(1)} MiB, ${Math.round(grown / count)} bytes a client ` +
      `(${((Date.now() - began) / 1000).toFixed(0)} s)`);
    sockets.forEach((socket) => socket.terminate());
    server.kill('SIGKILL');
    await wait(300);
  }
}
process.exit(0);
