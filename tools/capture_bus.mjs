// SPDX-License-Identifier: MIT
// What Node's adapters and emitters publish, as cases of tests/wire: the real
// packages run on a client of Redis that only writes down what it is told.
//
// usage: node tools/capture_bus.mjs <folder with node_modules> [tests/wire]
//        node tools/capture_bus.mjs <folder with node_modules> <…> --check
// --check compares instead, and fails if they publish something else now.
//
// The packages: socket.io, @socket.io/redis-adapter, @socket.io/redis-emitter,
// @socket.io/redis-streams-adapter, socket.io-parser.
import crypto from "node:crypto";
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const given = process.argv.slice(2).filter((word) => word !== "--check");
const isCheck = process.argv.includes("--check");
const [home, out = "tests/wire"] = given;
let differing = 0;
const require = createRequire(path.resolve(home) + "/");

// Every id is made of sevens: "HHHHHH", "0707070707070707".
crypto.randomBytes = (size) => Buffer.alloc(size, 7);
require("node:crypto").randomBytes = crypto.randomBytes;
const UID6 = "HHHHHH", UID16 = "0707070707070707";

const { Server } = require("socket.io");
const { Encoder } = require("socket.io-parser");
const { createAdapter, createShardedAdapter } =
  require("@socket.io/redis-adapter");
const streams = require("@socket.io/redis-streams-adapter");
const { Emitter } = require("@socket.io/redis-emitter");

const turn = () => new Promise((done) => setTimeout(done, 5));

// -- a client that writes down ---------------------------------------------------

class Redis {
  constructor(log) {
    this.log = log;
    this.handlers = [];
    this.options = {};
  }
  on() {}
  listenerCount() { return 2; }
  connect() { return Promise.resolve(); }
  disconnect() {}
  duplicate() { return new Redis(this.log); }
  publish(channel, payload) {
    this.log.push({ channel, payload });
    return Promise.resolve();
  }
  sPublish(channel, payload) {
    this.log.push({ channel, payload });
    return Promise.resolve();
  }
  xAdd(stream, id, entry) {
    this.log.push({ stream, entry });
    return Promise.resolve("1-0");
  }
  xRead() { return new Promise(() => {}); }
  sendCommand() { return Promise.resolve(["channel", "2"]); }
  pSubscribe() {}
  subscribe() {}
  sSubscribe() {}
}

// -- cases -----------------------------------------------------------------------

const escape = (bytes) => [...Buffer.from(bytes)].map((byte) => {
  const c = String.fromCharCode(byte);
  if (c === "\\") return "\\\\";
  if (c === " ") return "\\s";
  return byte > 0x20 && byte < 0x7f
    ? c : "\\x" + byte.toString(16).padStart(2, "0");
});

// Lines of about 76 characters, none of which begins with a mark.
function wrap(parts) {
  const lines = [""];
  for (const part of parts) {
    if (lines.at(-1).length + part.length > 76 && !"#=->".includes(part))
      lines.push("");
    lines[lines.length - 1] += part;
  }
  return lines.join("\n");
}

// As tests/support/wire_case writes bytes into a log.
const shown = (bytes) => [...Buffer.from(bytes)].map((byte) => {
  const c = String.fromCharCode(byte);
  const name = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" }[c];
  return name ?? (byte >= 0x20 && byte < 0x7f
    ? c : "\\x" + byte.toString(16).padStart(2, "0"));
}).join("");

function packet(nsp, data) {
  const [text, ...parts] = new Encoder().encode({ type: 2, nsp, data });
  return [`packet ${shown(text)}`,
    ...parts.map((part) => `attachment ${shown(part)}`.trim())];
}

class Cases {
  constructor(file, about) {
    this.file = path.join(out, file);
    this.text = `# ${about}\n# Written by tools/capture_bus.mjs.\n`;
  }
  add(name, options, payload, log) {
    this.text += `== ${name}\n-- ${options}\n${wrap(escape(payload))}\n` +
      `>>\n${log.join("\n")}\n\n`;
  }
  close() {
    const text = this.text.trimEnd() + "\n";
    if (isCheck) {
      const same = fs.readFileSync(this.file, "utf8") === text;
      console.log(`${this.file}: ${same ? "as it is" : "differs"}`);
      differing += !same;
      return;
    }
    fs.mkdirSync(path.dirname(this.file), { recursive: true });
    fs.writeFileSync(this.file, text);
  }
}

// -- what is done ------------------------------------------------------------------

const long = "x".repeat(300);
const many = Array.from({ length: 20 }, (_, i) => i);
// Not beyond 2^64, of which notepack writes something else.
const numbers = [0, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296,
  9007199254740991, -1, -32, -33, -128, -129, -32768, -32769, -2147483648,
  -2147483649, 1.5, -0.25, 1e19, 5e-324];
const wide = { o: { k: [null, true, false, "\u00e9\u20ac\u{1f600}", ""] } };

// [name, what is called, the lines of the log, the data of the event, what of it
// does not come back as it was: a room that is a number, dates in msgpack]
const emits = [
  ["an event to everybody", (io) => io.emit("hello", 1, "a", { b: true }),
    ["op emit"], ["hello", 1, "a", { b: true }]],
  ["an event without arguments", (io) => io.emit("e"), ["op emit"], ["e"]],
  ["to one room", (io) => io.to("r").emit("e", 1),
    ["op emit", "rooms [r]"], ["e", 1]],
  ["to several rooms, with exceptions",
    (io) => io.to(["a", "b"]).except("c").emit("e"),
    ["op emit", "rooms [a] [b]", "except [c]"], ["e"]],
  ["to a room that is a number", (io) => io.to(7).emit("e"),
    ["op emit", "rooms [7]"], ["e"], "room"],
  ["volatile and not compressed",
    (io) => io.volatile.compress(false).emit("e"),
    ["op emit volatile no_compress"], ["e"]],
  ["numbers of every size", (io) => io.emit("n", numbers), ["op emit"],
    ["n", numbers]],
  ["values of every kind", (io) => io.emit("v", wide, long, many), ["op emit"],
    ["v", wide, long, many]],
  ["binaries", (io) => io.emit("b", Buffer.from([1, 2, 255]),
    { in: [Buffer.from("x".repeat(300))], no: Buffer.alloc(0) }), ["op emit"],
    ["b", Buffer.from([1, 2, 255]),
      { in: [Buffer.from("x".repeat(300))], no: Buffer.alloc(0) }]],
  ["dates become text", (io) => io.emit("d", new Date(0), new Date(1.5e12 + 7),
    new Date(-1), new Date(8.64e15)), ["op emit"],
    ["d", new Date(0), new Date(1.5e12 + 7), new Date(-1), new Date(8.64e15)],
    "date"],
  ["undefined", (io) => io.emit("u", undefined, { a: undefined, b: 1 }),
    ["op emit"], ["u", undefined, { a: undefined, b: 1 }]],
];

const moves = [
  ["join", (io) => io.in("r").socketsJoin(["j", "k"]),
    ["op join", "rooms [r]", "room [j]", 'args ["j","k"]']],
  ["leave", (io) => io.except("x").socketsLeave("j"),
    ["op leave", "except [x]", "room [j]", 'args ["j"]']],
  ["disconnect", (io) => io.in(["a", "b"]).disconnectSockets(),
    ["op disconnect", "rooms [a] [b]"]],
  ["disconnect and close", (io) => io.disconnectSockets(true),
    ["op disconnect close"]],
];

// A socket that is there, for the answers.
function addSocket(nsp, written) {
  const socket = {
    id: "s1", handshake: { url: "/", auth: { token: "t" } },
    rooms: new Set(["s1", "r"]), data: { user: "\u00e9", n: 1 },
    acks: new Map(), flags: {},
    notifyOutgoingListeners() {},
    client: { writeToEngine() {} },
  };
  nsp.sockets.set("s1", socket);
  nsp.adapter.addAll("s1", new Set(["s1", "r"]));
  return socket;
}

const fetched = shown('args [{"id":"s1","handshake":{"url":"/","auth":' +
  '{"token":"t"}},"rooms":["s1","r"],"data":{"user":"\u00e9","n":1}}]');

async function captured(log, what) {
  log.length = 0;
  await what();
  await turn();
  return log.splice(0);
}

// -- classic -----------------------------------------------------------------------

async function classic() {
  const log = [];
  const io = new Server({ adapter: createAdapter(new Redis(log), new Redis(log)) });
  const cases = new Cases("bus_classic/adapter.txt",
    "What @socket.io/redis-adapter publishes.");
  const node = (more) => `${more} / from=${UID6}`;
  const add = (name, one, lines, loss) => cases.add(name,
    `channel=${one.channel}${loss ? "" : " exact"}`, one.payload, lines);
  for (const [name, call, lines, data, loss] of emits) {
    const [one] = await captured(log, () => call(io));
    add(name, one, [node("op"), ...lines, ...packet("/", data)], loss);
  }
  const [inside] = await captured(log, () => io.of("/n#x").to("r").emit("e"));
  add("in a namespace", inside, [`op /n#x from=${UID6}`, "op emit", "rooms [r]",
    ...packet("/n#x", ["e"])]);
  for (const [name, call, lines] of moves) {
    const [one] = await captured(log, () => call(io));
    add(name, one, [node("op"), ...lines]);
  }
  const asked = `/ from=${UID6} request=${UID6}`;
  let [one] = await captured(log, () => io.to("r").timeout(50)
    .emit("q", 1, Buffer.from("b"), () => {}));
  add("an event that asks", one, [`ask ${asked}`, "op ask timeout=50",
    "rooms [r]", ...packet("/", ["q", 1, Buffer.from("b")])]);
  [one] = await captured(log, () => void io.in("r").fetchSockets());
  add("which sockets are there", one, [`fetch ${asked}`, "op members",
    "rooms [r]"]);
  [one] = await captured(log, () => void io.of("/").adapter.allRooms());
  add("which rooms are there", one, [`rooms ${asked}`]);
  [one] = await captured(log, () => io.serverSideEmit("ping", 1, { a: [] }));
  add("to the servers themselves", one, [`call / from=${UID6}`,
    'args ["ping",1,{"a":[]}]']);
  [one] = await captured(log, () => io.serverSideEmit("ping", Buffer.from("x"),
    () => {}));
  add("to the servers, asking; a Buffer is spelled out", one, [`call ${asked}`,
    'args ["ping",{"type":"Buffer","data":[120]}]']);

  // The answers, to requests of another node.
  const adapter = io.of("/").adapter;
  const socket = addSocket(io.of("/"));
  const request = (message) => () => adapter.onrequest(
    "socket.io-request#/#", Buffer.from(JSON.stringify(message)));
  [one] = await captured(log, request({ requestId: "abcdef", type: 0, rooms: [] }));
  add("the ids that are there", one, ["ids_are / request=abcdef",
    'args ["s1"]']);
  [one] = await captured(log, request({ requestId: "abcdef", type: 1 }));
  add("the rooms that are there", one, ["rooms_are / request=abcdef",
    'args ["s1","r"]']);
  [one] = await captured(log, request({ requestId: "abcdef", type: 5,
    opts: { rooms: [], except: [] } }));
  add("the sockets that are there", one, ["fetched / request=abcdef", fetched]);
  io.of("/").on("ping", (done) => done({ pong: 1 }));
  [one] = await captured(log, request({ uid: "zzzzzz", requestId: "abcdef",
    type: 6, data: ["ping"] }));
  add("the answer of a server", one, ["return / request=abcdef",
    'args [{"pong":1}]']);
  io.of("/").on("nothing", (done) => done());
  [one] = await captured(log, request({ uid: "zzzzzz", requestId: "abcdef",
    type: 6, data: ["nothing"] }));
  add("the answer of a server that says nothing", one,
    ["return / request=abcdef"]);
  [one] = await captured(log, request({ uid: "zzzzzz", requestId: "abcdef",
    type: 7, packet: { type: 2, data: ["q"] },
    opts: { rooms: [], except: [], flags: {} } }));
  add("how many clients are asked", one, ["asked / request=abcdef count=1"]);
  const ack = [...socket.acks.values()][0];
  [one] = await captured(log, () => ack({ a: 1, data: "d", packet: null }));
  add("what a client answers", one, ["acked / request=abcdef",
    'args [{"a":1,"data":"d","packet":null}]']);
  [one] = await captured(log, () => ack(Buffer.from("bytes")));
  add("what a client answers in bytes", one, ["acked / request=abcdef",
    'args [{"_placeholder":true,"num":0}]', "binary bytes"]);
  [one] = await captured(log, () => ack());
  add("a client that answers nothing", one, ["acked / request=abcdef"]);
  cases.close();
}

async function emitter() {
  const log = [];
  const io = new Emitter(new Redis(log));
  const cases = new Cases("bus_classic/emitter.txt",
    "What @socket.io/redis-emitter publishes: the members of its options have " +
    "another\n# order, so what we write of it differs.");
  for (const [name, call, lines, data] of emits) {
    const [one] = await captured(log, () => call(io));
    cases.add(name, `channel=${one.channel}`, one.payload,
      ["op / from=emitter", ...lines, ...packet("/", data)]);
  }
  for (const [name, call, lines] of moves) {
    const [one] = await captured(log, () => call(io));
    cases.add(name, `channel=${one.channel} exact`, one.payload, ["op /", ...lines]);
  }
  const [one] = await captured(log, () => io.serverSideEmit("ping", 1));
  cases.add("to the servers themselves", `channel=${one.channel} exact`,
    one.payload, ["call / from=emitter", 'args ["ping",1]']);
  cases.close();
}

// -- the cluster adapters ------------------------------------------------------------

// `add(name, one, lines, exact)` writes a case of what was captured.
async function cluster(io, log, add) {
  const from = `/ from=${UID16}`, asked = `${from} request=${UID16}`;
  for (const [name, call, lines, data, loss] of emits) {
    const [one] = await captured(log, () => call(io));
    add(name, one, [`op ${from}`, ...lines, ...packet("/", data)],
      loss !== "room");
  }
  let [one] = await captured(log, () => io.of("/n").to("r").emit("e"));
  add("in a namespace", one, [`op /n from=${UID16}`, "op emit", "rooms [r]",
    ...packet("/n", ["e"])], true);
  for (const [name, call, lines] of moves) {
    const [one] = await captured(log, () => call(io));
    add(name, one, [`op ${from}`, ...lines], true);
  }
  [one] = await captured(log, () => io.to("r").timeout(50)
    .emit("q", 1, () => {}));
  add("an event that asks", one, [`ask ${asked}`, "op ask timeout=50",
    "rooms [r]", ...packet("/", ["q", 1])], true);
  [one] = await captured(log, () => io.timeout(50)
    .emit("q", Buffer.from("b"), () => {}));
  add("an event with bytes that asks", one, [`ask ${asked}`,
    "op ask timeout=50", ...packet("/", ["q", Buffer.from("b")])], true);
  [one] = await captured(log, () => void io.in("r").fetchSockets().catch(() => {}));
  add("which sockets are there", one, [`fetch ${asked}`, "op members",
    "rooms [r]"], true);
  [one] = await captured(log, () => io.serverSideEmit("ping", 1, { a: [] }));
  add("to the servers themselves", one, [`call ${from}`,
    'args ["ping",1,{"a":[]}]'], true);
  [one] = await captured(log, () => io.serverSideEmit("ping",
    { data: Buffer.from("x") }, () => {}));
  add("to the servers with bytes, asking", one, [`call ${asked}`,
    'args ["ping",{"data":{"_placeholder":true,"num":0}}]', "binary x"], true);

  const adapter = io.of("/").adapter;
  const socket = addSocket(io.of("/"));
  const message = (type, data) => () => adapter.onMessage(
    { type, data: { requestId: "abcd", ...data }, uid: "ffff", nsp: "/" });
  const opts = { rooms: [], except: [], flags: {} };
  const answer = `${from} request=abcd`;
  [one] = await captured(log, message(7, { opts }));
  add("the sockets that are there", one, [`fetched ${answer}`, fetched], true);
  socket.data = { data: Buffer.from("x") };
  [one] = await captured(log, message(7, { opts }));
  add("the sockets that are there, with bytes", one, [`fetched ${answer}`,
    'args [{"id":"s1","handshake":{"url":"/","auth":{"token":"t"}},' +
    '"rooms":["s1","r"],"data":{"data":{"_placeholder":true,"num":0}}}]',
    "binary x"], true);
  io.of("/").on("ping", (value, done) => done(value));
  for (const [name, value, lines] of [
    ["the answer of a server", { pong: 1 }, ['args [{"pong":1}]']],
    ["the answer of a server in bytes", Buffer.from("y"),
      ['args [{"_placeholder":true,"num":0}]', "binary y"]]]) {
    [one] = await captured(log, message(9, { packet: ["ping", value] }));
    add(name, one, [`return ${answer}`, ...lines], true);
  }
  [one] = await captured(log, message(3, { opts,
    packet: { type: 2, data: ["q"] } }));
  add("how many clients are asked", one, [`asked ${answer} count=1`], true);
  const ack = [...socket.acks.values()][0];
  [one] = await captured(log, () => ack({ a: 1, data: "d" }));
  add("what a client answers", one, [`acked ${answer}`,
    'args [{"a":1,"data":"d"}]'], true);
  [one] = await captured(log, () => ack({ data: Buffer.from("z") }));
  add("what a client answers in bytes", one, [`acked ${answer}`,
    'args [{"data":{"_placeholder":true,"num":0}}]', "binary z"], true);
}

async function sharded() {
  const log = [];
  const io = new Server({ adapter: createShardedAdapter(new Redis(log),
    new Redis(log), { subscriptionMode: "dynamic" }) });
  const cases = new Cases("bus_node/sharded.txt",
    "What the sharded adapter of @socket.io/redis-adapter publishes.");
  await cluster(io, log, (name, one, lines, exact) => {
    cases.add(name, `channel=${one.channel} to=ffff${exact ? " exact" : ""}`,
      one.payload, lines);
  });
  cases.close();
}

async function streamed() {
  const log = [];
  const io = new Server({ adapter: streams.createAdapter(new Redis(log)) });
  const cases = new Cases("bus_node/streams.txt",
    "What @socket.io/redis-streams-adapter adds to its stream (the data of\n" +
    "# entries) and publishes.");
  await turn();
  await cluster(io, log, (name, one, lines, exact) => {
    const { entry } = one;
    const where = entry
      ? `entry uid=${entry.uid} nsp=${entry.nsp} type=${entry.type}`
      : `plain channel=${one.channel} to=ffff`;
    cases.add(name, where + (exact ? " exact" : ""),
      entry ? entry.data : one.payload, lines);
  });
  cases.close();
}

await classic();
await emitter();
await sharded();
await streamed();
process.exit(differing ? 1 : 0);
