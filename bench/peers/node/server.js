// SPDX-License-Identifier: MIT
// The benchmark's events on socket.io: "echo" acknowledges with its arguments
// if the client asked for it, and otherwise sends the same event back;
// "broadcast" goes to everyone in the namespace. Options: as of
// peal-bench-server.
"use strict";

const { createServer } = require("node:http");
const { Server } = require("socket.io");

function valueOf(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}

const port = Number(valueOf("--port"));
if (!Number.isInteger(port)) {
  console.error("usage: node server.js --port P");
  process.exit(2);
}

const http = createServer();
// As --deflate of peal-bench-server: 1 without takeover, 2 with it.
const takeover = valueOf("--deflate", "0");
const perMessageDeflate = takeover !== "0" && {
  serverNoContextTakeover: takeover === "1",
  clientNoContextTakeover: takeover === "1",
};
const recovery = 1000 * Number(valueOf("--recovery", "0"));
const io = new Server(http, {
  serveClient: false,
  perMessageDeflate,
  ...(recovery > 0 && {
    connectionStateRecovery: { maxDisconnectionDuration: recovery },
  }),
  ...(valueOf("--parser") === "msgpack" && {
    parser: require("socket.io-msgpack-parser"),
  }),
});
const count = Number(valueOf("--rooms", "0"));
const rooms = Array.from({ length: count }, (_, i) => `room${i}`);
let next = 0;

io.on("connection", (socket) => {
  if (count > 0) {
    socket.join([rooms[next % count], rooms[(next + 1) % count]]);
    next++;
  }
  socket.on("echo", (...args) => {
    const last = args.at(-1);
    if (typeof last === "function") last(...args.slice(0, -1));
    else socket.emit("echo", ...args);
  });
  socket.on("broadcast", (...args) => io.to(rooms).emit("broadcast", ...args));
});

// With --expose-gc, the idle measurement can ask for memory without garbage.
process.on("SIGUSR2", () => globalThis.gc?.());
process.on("SIGTERM", () => process.exit(0));

http.listen(port, "127.0.0.1");
