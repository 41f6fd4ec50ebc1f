// SPDX-License-Identifier: MIT
// admin_server: example-admin as a process, for the tests of the admin side.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { io } from 'socket.io-client';
import { freePort, until } from './harness.js';

export const adminPassword = 'secret';

// "secret" by bcrypt.
export const adminHash = '$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW';

// `words` are those of the program; `env` may have another password, or none.
export async function startAdminServer(program, words = [], { port, env } = {}) {
  const at = port ?? await freePort();
  const child = spawn(path.resolve(program), [String(at), ...words],
    { env: { ...process.env, PEAL_ADMIN_PASSWORD: adminHash, ...env }, stdio: 'ignore' });
  const url = `http://127.0.0.1:${at}`;
  await until('example-admin answers', async () => {
    assert.equal(child.exitCode, null, 'the server has ended');
    return fetch(`${url}/_peal/session`).then((answer) => answer.ok, () => false);
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  return { url, port: at, stop };
}

// A client of it, connected.
export async function adminClient(url, options = {}) {
  const client = io(url, { forceNew: true, ...options });
  await new Promise((done) => { client.once('connect', done); });
  return client;
}
