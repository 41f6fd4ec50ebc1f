// SPDX-License-Identifier: MIT
// looked_at: what it costs a server that somebody looks at it by the admin
// namespace: processor time while clients connect and while they talk, with
// nobody looking and with one who looks, and the lag that others see.
//
//   node bench/looked_at.mjs --server build/release/bin/example-admin
//        [--clients 10000] [--events 20000]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const load = createRequire(fileURLToPath(new URL('../tests/e2e/run.js', import.meta.url)));
const WebSocket = load('ws');
const { values: opts } = parseArgs({
  options: {
    server: { type: 'string' },
    clients: { type: 'string', default: '10000' },
    events: { type: 'string', default: '20000' },
  },
});
const clients = Number(opts.clients);
const events = Number(opts.events);
const port = 4790;
const tickMs = 10; // of the kernel's accounting

// User and system time of a process, in ms: proc(5).
function spentMs(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

function residentMb(pid) {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
}

// A raw client in a namespace; it answers pings.
async function join(nsp, onText = () => {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  const ready = new Promise((done, fail) => {
    socket.on('error', fail);
    socket.on('message', (data) => {
      const text = data.toString();
      if (text === '2') socket.send('3');
      else if (text[0] === '0') socket.send(`40${nsp}`);
      else if (text.startsWith('40')) done();
      else onText(text);
    });
  });
  await ready;
  return socket;
}

async function measure(words, look) {
  const child = spawn(opts.server, [String(port), ...words], { stdio: 'ignore', env: { ...process.env, PEAL_ADMIN_PASSWORD: '' } });
  await sleep(500);
  const told = { count: 0, bytes: 0, pictures: 0 };
  if (look)
    await join('/admin,', (text) => {
      told.count += 1;
      told.bytes += text.length;
      told.pictures += text.includes('["all_sockets"') ? 1 : 0;
    });
  const begin = spentMs(child.pid);
  const sockets = [];
  const pending = [];
  for (let i = 0; i < clients; i += 100) {
    for (let k = 0; k < 100 && i + k < clients; k++) pending.push(join(''));
    sockets.push(...await Promise.all(pending.splice(0)));
  }
  const connected = spentMs(child.pid);
  // One by one: the time of an answer is what others wait for.
  let worst = 0;
  const asker = sockets[0];
  for (let i = 0; i < events; i += 50) {
    const asked = performance.now();
    const last = once(asker, 'message');
    for (let k = 0; k < 49; k++) sockets[1 + (i + k) % (clients - 1)].send('42["say","kitchen","hello"]');
    asker.send('427["say","kitchen","hello"]');
    await last;
    worst = Math.max(worst, performance.now() - asked);
  }
  await sleep(2500);
  const talked = spentMs(child.pid);
  const memory = residentMb(child.pid);
  for (const socket of sockets) socket.terminate();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { connect: (connected - begin) * 1000 / clients, event: (talked - connected) * 1000 / events, worst, memory, told };
}

console.log(`${clients} clients, ${events} events; µs of the server's processor for each`);
for (const [name, words, look] of [
  ['nobody looks', [], false], ['one looks, production', ['production'], true], ['one looks, development', [], true]]) {
  const it = await measure(words, look);
  console.log(`${name.padEnd(24)} connect ${it.connect.toFixed(1)}  event ${it.event.toFixed(2)}  slowest answer ${it.worst.toFixed(0)} ms  `
    + `peak ${it.memory} MB  told ${it.told.count} (${(it.told.bytes / 1e6).toFixed(1)} MB, ${it.told.pictures} pictures)`);
}
process.exit(0);
