// SPDX-License-Identifier: MIT
'use strict';
// Starts one fixture for a suite that is not written in JavaScript, prints
// `ready <port>`, and stops it when its own input ends.
//   node serve.js --server node|PATH [--port-base N] [--workers N]
const { privateServer, stopAll } = require('./lib/server');

privateServer().then((server) => {
  process.stdout.write(`ready ${server.port}\n`);
  process.stdin.resume();
  process.stdin.on('end', async () => {
    const crashed = await stopAll();
    for (const text of crashed) process.stderr.write(`server: ${text}\n`);
    process.exit(crashed.length ? 1 : 0);
  });
}).catch((err) => {
  process.stderr.write(`${err.stack}\n`);
  process.exit(1);
});
