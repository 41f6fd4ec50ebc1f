// SPDX-License-Identifier: MIT
'use strict';
// The client of small devices against the official server:
//   node run.js ROUNDS COMMAND...   COMMAND gets the port and the rounds
const http = require('node:http');
const { spawn } = require('node:child_process');
const { Server } = require('../e2e/node_modules/socket.io');

const [, , rounds, ...command] = process.argv;
const seen = { echo: 0, drop: 0, answers: 0, auth: 0, wrong: [] };

const server = http.createServer();
const io = new Server(server, { transports: ['websocket'], pingInterval: 300 });
io.on('connection', (socket) => {
  if (socket.handshake.auth.token === 'board') seen.auth++;
  socket.on('echo', (...args) => {
    const ack = args.pop();
    seen.echo++;
    ack(...args);
    if (seen.echo % 10 === 0) {
      socket.emit('question', { n: seen.echo, pi: 3.141592653589793 }, (answer) => {
        if (answer === 'answer') seen.answers++;
        else seen.wrong.push(answer);
      });
    }
  });
  socket.on('drop', () => {
    seen.drop++;
    socket.conn.transport.socket.terminate();
  });
});

server.listen(0, '127.0.0.1', () => {
  const words = [...command.slice(1), String(server.address().port), rounds];
  const program = spawn(command[0], words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  program.stdout.on('data', (data) => { out += data; });
  program.on('error', (err) => { console.error(String(err)); process.exit(1); });
  program.on('exit', (code, signal) => {
    process.stdout.write(out);
    const drops = Math.floor((Number(rounds) + 249) / 500);
    const problems = [];
    if (code !== 0) problems.push(`exit ${code} ${signal}`);
    if (seen.echo + seen.drop !== Number(rounds)) problems.push(`${seen.echo} echoes, ${seen.drop} drops`);
    if (seen.drop !== drops) problems.push(`${seen.drop} drops instead of ${drops}`);
    if (seen.auth !== drops + 1) problems.push(`${seen.auth} connects with the token`);
    if (seen.wrong.length) problems.push(`wrong answers: ${seen.wrong}`);
    if (seen.answers < seen.echo / 10 - 2 * drops - 1) problems.push(`${seen.answers} answers`);
    for (const problem of problems) console.error(problem);
    console.log(JSON.stringify(seen));
    process.exit(problems.length ? 1 : 0);
  });
});
