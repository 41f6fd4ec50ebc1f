// SPDX-License-Identifier: MIT
// What bench/client does, on socket.io-client.
"use strict";

const readline = require("node:readline");
const { io } = require("socket.io-client");

const opts = { clients: 100, inflight: 1, settle: 0.1, warmup: 0.4, seconds: 1.1, ack: 0 };
for (let i = 2; i + 1 < process.argv.length; i += 2) {
  opts[process.argv[i].slice(2)] = Number(process.argv[i + 1]);
}

const lines = readline.createInterface({ input: process.stdin })[
  Symbol.asyncIterator]();
async function sayAndWait(word) {
  globalThis.gc?.();
  process.stdout.write(`${word}\n`);
  await lines.next();
}

let next = 0;
let answers = 0;

function answered(text) {
  if (!/^hello 1\d{7}$/.test(text)) {
    console.error("a wrong answer");
    process.exit(1);
  }
  answers++;
}

function send(socket) {
  const text = `hello ${10000000 + (next++ % 10000000)}`;
  if (opts.ack) {
    socket.emit("echo", text, (back) => { answered(back); send(socket); });
  } else {
    socket.emit("echo", text);
  }
}

async function open() {
  const socket = io(`http://127.0.0.1:${opts.port}`,
    { transports: ["websocket"], forceNew: true });
  socket.on("echo", (text) => { answered(text); send(socket); });
  socket.on("disconnect", (why) => { console.error(why); process.exit(1); });
  await new Promise((resolve) => { socket.once("connect", resolve); });
  return socket;
}

const sleep = (s) => new Promise((resolve) => { setTimeout(resolve, s * 1000); });

async function main() {
  await sayAndWait("begun");
  const sockets = [];
  for (let i = 0; i < opts.clients; i += 100) {
    sockets.push(...await Promise.all(Array.from(
      { length: Math.min(100, opts.clients - i) }, open)));
  }
  await sleep(opts.settle);
  await sayAndWait("joined");
  for (const socket of sockets) {
    for (let i = 0; i < opts.inflight; i++) send(socket);
  }
  await sleep(opts.warmup);
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const before = answers;
  await sleep(opts.seconds);
  const used = process.cpuUsage(cpu);
  const messages = answers - before;
  const us = used.user + used.system;
  console.log(JSON.stringify({
    messages, seconds: Number(process.hrtime.bigint() - start) / 1e9,
    cpu_s: us / 1e6, cpu_us_per_msg: messages ? us / messages : 0,
  }));
  process.exit(0);
}

main();
