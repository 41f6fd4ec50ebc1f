// SPDX-License-Identifier: MIT
// backend: a small backend for the device's tests, by the official server: it
// stores results in a file before it acknowledges them, and writes down whatever
// arrives, repeats too.
//
// usage: backend.mjs <port> <folder> [api key]
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [port, folder, key] = process.argv.slice(2);
const { Server } = createRequire(import.meta.url)(
  path.resolve(import.meta.dirname, '../../e2e/node_modules/socket.io'));
const stored = path.join(folder, 'stored.jsonl');
const arrived = path.join(folder, 'arrived.jsonl');
const known = new Set();
if (fs.existsSync(stored)) {
  for (const line of fs.readFileSync(stored, 'utf8').split('\n').filter(Boolean)) {
    const result = JSON.parse(line);
    known.add(`${result.testId} ${result.t_min}`);
  }
}

function put(file, value) {
  const fd = fs.openSync(file, 'a');
  fs.writeSync(fd, `${JSON.stringify(value)}\n`);
  fs.closeSync(fd);
}

const io = new Server(Number(port), { pingInterval: 1000, pingTimeout: 1000 });
io.use((socket, next) => {
  const right = !key || socket.handshake.auth.api_key === key;
  next(right ? undefined : new Error('this api_key is not right'));
});
io.on('connection', (socket) => {
  socket.on('sludge-data', (result, ack) => {
    put(arrived, result);
    if (result.sludge_height_mm > 1000) {
      ack?.({ status: 'error', message: 'too high', field: 'sludge_height_mm' });
      return;
    }
    const name = `${result.testId} ${result.t_min}`;
    if (!known.has(name)) {
      known.add(name);
      put(stored, result);
    }
    ack?.({ status: 'stored' });
  });
  socket.on('sludge-height-update', (height) => {
    put(path.join(folder, 'heights.jsonl'), height);
  });
});
process.on('SIGTERM', () => { io.close(() => process.exit(0)); });
console.log(`backend: http://localhost:${port}/`);
