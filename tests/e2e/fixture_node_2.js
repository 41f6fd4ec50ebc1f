// SPDX-License-Identifier: MIT
'use strict';
// A server of socket.io 2: Engine.IO 3, which clients of today cannot speak.
const http = require('node:http');
const server = http.createServer();
const io = require('socket.io-2')(server);

io.on('connection', (socket) => socket.emit('news', 1));
const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
server.listen(port, '127.0.0.1',
  () => process.stdout.write(`ready ${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
