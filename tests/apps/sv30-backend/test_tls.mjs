// SPDX-License-Identifier: MIT
// peal-sv30-backend with a certificate of its own, and a device that checks it.
//   node test_tls.mjs PROGRAM DEVICE
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { freePort, newFolder, Program, result, runOnce, runSteps, send, until } from './samples.mjs';

const device = path.resolve(process.argv[3]);
const folder = newFolder();
const cert = path.join(folder, 'cert.pem');
const key = path.join(folder, 'key.pem');

function makeCertificate() {
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-days', '2', '-keyout', key, '-out', cert, '-subj', '/CN=sv30', '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' });
  return fs.readFileSync(cert);
}

const server = new Program({ args: ['--tls-cert', cert, '--tls-key', key] });
let ca = makeCertificate();

// {status, json, peer: the certificate's serial number}
const get = (where, options = {}) => new Promise((done, fail) => {
  const request = https.get(server.url + where, { ca, agent: false, ...options }, (response) => {
    const { serialNumber } = response.socket.getPeerCertificate();
    let text = '';
    response.on('data', (bytes) => { text += bytes; });
    response.on('end', () => done({ status: response.statusCode, json: JSON.parse(text), peer: serialNumber }));
  });
  request.on('error', fail);
});

const selfTest = (...args) => spawnSync(device, ['--self-test', '--url', server.url, '--data-dir', newFolder(),
  '--wait', '20s', ...args], { encoding: 'utf8', timeout: 60000 });

async function pagesAndSocketsAreEncrypted() {
  server.port = await freePort();
  server.url = `https://127.0.0.1:${server.port}`;
  server.spawn();
  await until('it answers', () => get('/health').then(({ status }) => status === 200, () => false), 15000);
  assert.match(server.output, /https:\/\/127\.0\.0\.1:\d+\//, 'the ready line');
  const socket = await server.connect({ ca, transports: ['websocket'] });
  assert.deepEqual(await send(socket, 'sludge-data', result('SV30-2026-01-31-001-M', 0)), { status: 'stored' });
  assert.equal((await get('/api/tests', { headers: { Origin: server.url } })).json.data.length, 1);
}

async function aDeviceChecksTheCertificate() {
  const good = selfTest('--ca-file', cert);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  const stranger = selfTest('--wait', '1s');
  assert.equal(stranger.status, 1);
  assert.match(stranger.stdout, /\[SOCKETIO\] error: .*certificate/);
}

async function aNewCertificateIsReadOnHup() {
  const old = (await get('/health')).peer;
  ca = makeCertificate();
  server.child.kill('SIGHUP');
  await until('the new one is shown', async () => (await get('/health').catch(() => ({ peer: old }))).peer !== old);
  assert.equal(server.child.exitCode, null);
  await server.stop();
}

async function whatIsWrongIsSaid() {
  const start = async (...args) => runOnce(['--port', String(await freePort()), '--data-dir', newFolder(), ...args]);
  const none = await start('--tls-cert', path.join(folder, 'none.pem'));
  assert.equal(none.status, 1);
  assert.match(none.stderr, /none\.pem/);
  const half = await start('--tls-key', key);
  assert.equal(half.status, 1);
  assert.match(half.stderr, /--tls-key goes with --tls-cert/);
}

await runSteps([pagesAndSocketsAreEncrypted, aDeviceChecksTheCertificate, aNewCertificateIsReadOnHup,
  whatIsWrongIsSaid]);
