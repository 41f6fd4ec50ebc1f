// SPDX-License-Identifier: MIT
// What permessage-deflate costs: CPU and bytes per message of a server, for
// echoes and for one broadcast to many, and the memory of a client that has
// talked and now waits; Peal beside socket.io on Node, off, without takeover and
// with it. Linux: the figures of the server are those of /proc.
//
//   node bench/deflate.js [--bytes 2000] [--seconds 1.5] [--clients 100]
//     [--bin build/release/bin]
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { createRequire } = require("node:module");

const root = path.join(__dirname, "..");
const WebSocket = createRequire(path.join(root, "tests/e2e/run.js"))("ws");

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}
const BYTES = Number(option("bytes", 2000));
const SECONDS = Number(option("seconds", 1.5));
const CLIENTS = Number(option("clients", 100));
const BIN = option("bin", path.join(root, "build/release/bin"));
const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const SERVERS = {
  peal: (port, mode) => [path.join(BIN, "peal-bench-server"),
    ["--port", port, "--deflate", mode]],
  node: (port, mode) => [process.execPath, ["--expose-gc",
    path.join(root, "bench/peers/node/server.js"),
    "--port", port, "--deflate", mode]],
};

// A reading of many sensors, as an application would send it; each differs.
function reading(number) {
  const rows = [];
  for (let i = 0; JSON.stringify(rows).length < BYTES; i++) {
    rows.push({
      id: 1000 + ((number * 31 + i * 17) % 977), ward: `ward-${i % 7}`,
      value: Math.round(Math.sin(number + i) * 10000) / 100,
      at: new Date(1.8e12 + number * 977 + i * 13).toISOString(),
    });
  }
  return JSON.stringify(rows);
}
const TEXTS = Array.from({ length: 64 }, (_, i) => reading(i));

async function freePort() {
  const probe = net.createServer();
  await new Promise((done) => { probe.listen(0, "127.0.0.1", done); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return String(port);
}

function cpuMs(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // 100 ticks a second
}

const residentKb = (pid) => Number(/VmRSS:\s+(\d+)/
  .exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

async function connect(port, mode) {
  for (let tries = 0; ; tries++) {
    const ws = new WebSocket(
      `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      { perMessageDeflate: mode !== "0" && { threshold: 1024 } });
    ws.heard = 0;
    ws.on("message", (data) => {
      const text = String(data);
      if (text === "2") ws.send("3");
      else if (text.startsWith("42")) { ws.heard++; if (ws.next) ws.next(); }
      else if (text.startsWith("0{")) ws.send("40");
      else if (text.startsWith("40")) ws.ready();
    });
    try {
      const isReady = new Promise((done) => { ws.ready = done; });
      await new Promise((done, fail) => {
        ws.once("open", done);
        ws.once("error", fail);
      });
      await isReady;
      return ws;
    } catch (err) {
      if (tries > 100) throw err;
      await sleep(50);
    }
  }
}

async function measure(pid, sockets, run) {
  const read = () => sockets.reduce((sum, ws) => sum + ws._socket.bytesRead, 0);
  const count = () => sockets.reduce((sum, ws) => sum + ws.heard, 0);
  const before = [cpuMs(pid), read(), count()];
  await run();
  const heard = count() - before[2];
  return {
    us: ((cpuMs(pid) - before[0]) * 1000) / heard,
    bytes: (read() - before[1]) / heard,
  };
}

// Each client has one message on its way.
async function echoes(sockets) {
  let on = true;
  const all = sockets.map((ws, i) => new Promise((done) => {
    let sent = i;
    const say = () => ws.send(`42["echo",${TEXTS[sent++ % 64]}]`);
    ws.next = () => { if (on) say(); else done(); };
    say();
  }));
  await sleep(SECONDS * 1000);
  on = false;
  await Promise.all(all);
  for (const ws of sockets) ws.next = undefined;
}

// One says something to all, and again when all have heard it.
async function broadcasts(sockets) {
  const end = Date.now() + SECONDS * 1000;
  for (let sent = 0; Date.now() < end; sent++) {
    let left = sockets.length;
    await new Promise((done) => {
      for (const ws of sockets) ws.next = () => { if (!--left) done(); };
      sockets[0].send(`42["broadcast",${TEXTS[sent % 64]}]`);
    });
  }
  for (const ws of sockets) ws.next = undefined;
}

// Node's memory is looked at without its garbage.
function collect(peer, proc) {
  if (peer === "node") proc.kill("SIGUSR2");
}

async function look(peer, mode) {
  const port = await freePort();
  const [program, args] = SERVERS[peer](port, mode);
  const proc = spawn(program, args, { stdio: "ignore" });
  const { pid } = proc;
  try {
    const sockets = [await connect(port, mode)];
    await echoes(sockets.slice(0, 1)); // warm
    collect(peer, proc);
    await sleep(300);
    const empty = residentKb(pid);
    while (sockets.length < CLIENTS) sockets.push(await connect(port, mode));
    const echo = await measure(pid, sockets, () => echoes(sockets.slice(0, 20)));
    const many = await measure(pid, sockets, () => broadcasts(sockets));
    collect(peer, proc);
    await sleep(500);
    const idle = (residentKb(pid) - empty) / (CLIENTS - 1);
    for (const ws of sockets) ws.terminate();
    return { echo, many, idle };
  } finally {
    proc.kill("SIGKILL");
  }
}

async function main() {
  const names = { 0: "off", 1: "without takeover", 2: "with takeover" };
  console.log(`| ${BYTES} bytes, ${CLIENTS} clients | echo: CPU, bytes |` +
    " broadcast, per delivery: CPU, bytes | resident, per client |");
  console.log("|---|---|---|---|");
  for (const mode of ["0", "1", "2"]) {
    for (const peer of ["peal", "node"]) {
      const { echo, many, idle } = await look(peer, mode);
      console.log(`| ${peer}, ${names[mode]} | ${echo.us.toFixed(1)} µs, ` +
        `${echo.bytes.toFixed(0)} | ${many.us.toFixed(1)} µs, ` +
        `${many.bytes.toFixed(0)} | ${idle.toFixed(1)} KiB |`);
    }
  }
}

main().catch((err) => { console.error(err); process.exit(1); });
