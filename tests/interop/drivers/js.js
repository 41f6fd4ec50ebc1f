// SPDX-License-Identifier: MIT
'use strict';
// js.js <package>: socket.io-client of one version, steered by lines of JSON
// (see ../README.md).
const path = require('node:path');
const readline = require('node:readline');

const modules = path.join(__dirname, '../../e2e/node_modules');
const name = process.argv[2] || 'socket.io-client';
const { io } = require(path.join(modules, name));
const { version } = require(path.join(modules, name, 'package.json'));

const say = (report) => process.stdout.write(`${JSON.stringify(report)}\n`);

function pack(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, pack(one)]));
}

function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$bytes === 'string') {
    return Buffer.from(value.$bytes, 'base64');
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, unpack(one)]));
}

const sockets = new Map();

const commands = {
  open({ id, url, nsp, with: sibling, transports, auth, reconnect, events,
    answers }) {
    const opts = {
      forceNew: true, transports, auth, reconnection: reconnect,
      reconnectionDelay: 100, reconnectionDelayMax: 300,
    };
    const socket = sibling === undefined ? io(url + nsp, opts)
      : sockets.get(sibling).io.socket(nsp, { auth });
    sockets.set(id, socket);
    socket.on('connect', () => say({ is: 'connect', id }));
    socket.on('disconnect', () => say({ is: 'disconnect', id }));
    socket.on('connect_error', ({ message, data }) =>
      say({ is: 'refused', id, message, data }));
    for (const event of events) {
      socket.on(event, (...args) =>
        say({ is: 'event', id, event, args: pack(args) }));
    }
    for (const [event, args] of Object.entries(answers)) {
      socket.on(event, (...got) => got.pop()(...unpack(args)));
    }
  },
  emit({ id, event, args }) {
    sockets.get(id).emit(event, ...unpack(args));
  },
  ask({ id, event, args, ask }) {
    sockets.get(id).emit(event, ...unpack(args),
      (...answer) => say({ is: 'answer', id, ask, args: pack(answer) }));
  },
  close({ id }) {
    sockets.get(id).close();
  },
};

say({ is: 'hello', client: `${name} ${version}`, lacks: [] });
readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on('close', () => process.exit(0));
