// SPDX-License-Identifier: MIT
/* What the reference's client (socket.io-client of tests/e2e) says and does in
 * random lives: the cases of tests/proto/test_sio_reference.c, which has our
 * machine live them again. Its timers, dice and engine are replaced, so that
 * the same is made each time.
 *
 * Left out of the lives is where we differ on purpose
 * (docs/protocols/socketio-client.md): ids of retries, volatile events while
 * joining, leaving, joining and DISCONNECT while CONNECT is not answered, disconnect
 * without a connect before it, callbacks without a time.
 *
 * usage: node tools/gen_sio_client_cases.cjs [LIVES] > \
 *            tests/proto/sio_reference.txt */
"use strict";
const path = require("path");
const modules = path.join(__dirname, "../tests/e2e/node_modules");

/* -- virtual time ------------------------------------------------------------- */

let now, timers, order;

global.setTimeout = (fn, ms) => {
  const timer = { at: now + (ms || 0), order: order++, fn, unref() {} };
  timers.push(timer);
  return timer;
};
global.clearTimeout = (timer) => {
  timers = timers.filter((t) => t !== timer);
};

function wait(ms) {
  const end = now + ms;
  for (;;) {
    timers.sort((a, b) => a.at - b.at || a.order - b.order);
    if (!timers.length || timers[0].at > end) break;
    const timer = timers.shift();
    now = timer.at;
    timer.fn();
  }
  now = end;
}

/* -- an engine that does nothing ------------------------------------------------ */

const name = require.resolve(modules + "/engine.io-client");
const original = require(name);
const { Emitter } = require(modules + "/@socket.io/component-emitter");

let engine;

class Engine extends Emitter {
  constructor() {
    super();
    engine = this;
    this.transport = { writable: false };
    say("dial");
  }
  write(data) {
    say(">" + data.replace(/^(2(?:\/\w+,)?)\d+/, "$1"));
    const asked = /^2(\/\w+,)?(\d+)\["(\w+)"/.exec(data);
    if (asked) ids[asked[3]] = (asked[1] || "") + asked[2];
  }
  close() {
    this.transport.writable = false;
    if (engine === this) engine = null;
  }
  _hasPingExpired() {
    return false;
  }
}

require.cache[name].exports = {
  ...original,
  installTimerFunctions: original.installTimerFunctions,
  nextTick: (fn) => fn(),
  Socket: Engine,
};
const { Manager } = require(modules + "/socket.io-client");

/* -- dice ------------------------------------------------------------------------ */

let dice;

function roll(sides) {
  dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
  return Math.floor((dice / 4294967296) * sides);
}

/* -- lives ------------------------------------------------------------------------ */

const names = ["/", "/a"];
const reasons = {
  "io server disconnect": "server",
  "io client disconnect": "left",
  "transport close": "lost",
  "parse error": "parse",
};
let words, ids, manager, sockets, connected, serial;

function say(word) {
  words.push(word);
}

/* What was held for a CONNECT that never came is told behind a later one; by ours
 * it is dropped. */
function drop_held() {
  for (const nsp of names) sockets[nsp].receiveBuffer = [];
}

/* No server has a session behind a DISCONNECT; ours does not ask for it. */
function forget(socket) {
  socket._pid = socket._lastOffset = undefined;
}

function listen(nsp) {
  const socket = sockets[nsp];
  socket.on("connect", () => {
    connected[nsp] = true;
    say("connect" + (socket.recovered ? "!" : "") + ":" + nsp);
  });
  socket.on("connect_error", (err) => {
    if (err.data !== undefined) {
      sockets[nsp].receiveBuffer = [];
      say("refused:" + nsp);
    } else say("connect_error:" + nsp);
  });
  socket.on("disconnect", (reason) => {
    if (connected[nsp]) say("disconnect:" + nsp + ":" + reasons[reason]);
    connected[nsp] = false;
    if (reason === "io server disconnect") forget(socket);
  });
  socket.onAny((...args) => say("event:" + nsp + JSON.stringify(args)));
}

function begin(opts) {
  [now, timers, order, words, ids, serial] = [1000, [], 0, [], {}, 0];
  engine = null;
  manager = new Manager("http://x", {
    autoConnect: false,
    timeout: false,
    randomizationFactor: 0,
    reconnectionAttempts: opts.attempts || Infinity,
  });
  manager.on("reconnect_attempt", (n) => say("attempt" + n));
  manager.on("reconnect_failed", () => say("failed"));
  sockets = {};
  connected = {};
  for (const nsp of names) {
    sockets[nsp] = manager.socket(nsp, {
      retries: opts.retries || undefined,
      ackTimeout: opts.ack_timeout || undefined,
    });
    listen(nsp);
  }
}

function emit(nsp, event, how) {
  let socket = sockets[nsp];
  if (how === "volatile") socket.volatile.emit(event);
  else if (how === "plain") socket.emit(event);
  else
    socket.timeout(137).emit(event, (err, ...args) => {
      say("ack:" + event + (err ? ":error" : JSON.stringify(args)));
    });
}

function lose() {
  const lost = engine;
  engine = null;
  lost.transport.writable = false;
  return lost;
}

const verbs = {
  connect: (nsp) => sockets[nsp].connect(),
  leave(nsp) {
    sockets[nsp].receiveBuffer = [];
    if (sockets[nsp].connected) forget(sockets[nsp]);
    sockets[nsp].disconnect();
  },
  emit,
  opened() {
    engine.transport.writable = true;
    engine.emit("open");
  },
  failed: () => lose().emit("error", new Error("no")),
  closed() {
    drop_held();
    lose().emit("close", "transport close");
  },
  text: (data) => engine.emit("data", data),
  answer: (event) => engine.emit("data", "3" + ids[event] + '["' + event + '"]'),
  wait: (ms) => wait(Number(ms)),
};

/* What can happen now, at random; null: roll again. */
function choose(opts) {
  const nsp = names[roll(2)];
  const prefix = nsp === "/" ? "" : nsp + ",";
  const socket = sockets[nsp];
  const is_open = engine && engine.transport.writable;
  const joining = socket.active && is_open && !socket.connected;
  switch (roll(14)) {
    case 0:
    case 1:
      /* It would send a second CONNECT. */
      return joining ? null : ["connect", nsp];
    case 2:
      return joining || roll(3) ? null : ["leave", nsp];
    case 3:
    case 4:
      return ["emit", nsp, "e" + serial++, opts.retries ? "ack" : "plain"];
    case 5:
      return ["emit", nsp, "e" + serial++, "ack"];
    case 6:
      if (is_open && !socket.connected) return null;
      return ["emit", nsp, "v" + serial++, "volatile"];
    case 7:
      if (!engine || is_open) return null;
      return [roll(3) ? "opened" : "failed"];
    case 8:
      return is_open && !roll(3) ? ["closed"] : null;
    case 9:
    case 10:
      if (!joining) return null;
      if (!roll(6))
        return ["text", "4" + prefix + '{"message":"no","data":1}'];
      return ["text", "0" + prefix + '{"sid":"s","pid":"P"}'];
    case 11:
      if (!is_open || !socket.active) return null;
      return ["text", "2" + prefix + '["s' + serial + '","o' + serial++ + '"]'];
    case 12: {
      const asked = Object.keys(ids);
      if (!socket.connected || !asked.length) return null;
      const event = asked[roll(asked.length)];
      if (!is_open || !waits(event)) return null;
      return ["answer", event];
    }
    case 13:
      if (socket.connected && !roll(6)) return ["text", "1" + prefix];
      return ["wait", String(100 * (1 + roll(12)))];
  }
}

/* Is its last try to be answered still? */
function waits(event) {
  const [, nsp, id] = /^(\/\w+)?,?(\d+)$/.exec(ids[event]);
  return sockets[nsp || "/"].acks[id] !== undefined;
}

function live(seed) {
  const opts = [
    {},
    { attempts: 2 },
    { retries: 1, ack_timeout: 137 },
    { retries: 3, ack_timeout: 137 },
  ][seed % 4];
  dice = seed * 7919 + 1;
  begin(opts);
  const lines = ["case " + JSON.stringify(opts).replace(/[{}"]/g, "")];
  for (let i = 0; i < 60; ) {
    const verb = choose(opts);
    if (!verb) continue;
    words = [];
    verbs[verb[0]](...verb.slice(1));
    lines.push(verb.join(" "));
    if (words.length) lines.push("= " + words.join(" "));
    i++;
  }
  return lines;
}

const version = require(modules + "/socket.io-client/package.json").version;
console.log("# What socket.io-client " + version + " says in random lives: made");
console.log("# by tools/gen_sio_client_cases.cjs.");
const count = Number(process.argv[2] || 40);
for (let seed = 0; seed < count; seed++) console.log(live(seed).join("\n"));
