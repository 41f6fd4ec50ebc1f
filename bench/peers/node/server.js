// SPDX-License-Identifier: MIT
// The benchmark's events on socket.io: "echo" acknowledges with its arguments
// if the client asked for it, and otherwise sends the same event back;
// "broadcast" goes to everyone in the namespace.
"use strict";

const { createServer } = require("node:http");
const { Server } = require("socket.io");

function portOf(args) {
  const port = Number(args[args.indexOf("--port") + 1]);
  if (!args.includes("--port") || !Number.isInteger(port)) {
    console.error("usage: node server.js --port P");
    process.exit(2);
  }
  return port;
}

const http = createServer();
// As --deflate of peal-bench-server: 1 without takeover, 2 with it.
const at = process.argv.indexOf("--deflate");
const takeover = at < 0 ? "0" : process.argv[at + 1];
const perMessageDeflate = takeover !== "0" && {
  serverNoContextTakeover: takeover === "1",
  clientNoContextTakeover: takeover === "1",
};
const io = new Server(http, { serveClient: false, perMessageDeflate });

io.on("connection", (socket) => {
  socket.on("echo", (...args) => {
    const last = args.at(-1);
    if (typeof last === "function") last(...args.slice(0, -1));
    else socket.emit("echo", ...args);
  });
  socket.on("broadcast", (...args) => io.emit("broadcast", ...args));
});

// With --expose-gc, the idle measurement can ask for memory without garbage.
process.on("SIGUSR2", () => globalThis.gc?.());
process.on("SIGTERM", () => process.exit(0));

http.listen(portOf(process.argv.slice(2)), "127.0.0.1");
