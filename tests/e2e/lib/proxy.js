// SPDX-License-Identifier: MIT
'use strict';
// nginx, HAProxy and Caddy as programs of a test (tools/proxies.sh gets them).
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { sleep } = require('./suite');
const { freePort } = require('./server');

const CLIENT = '127.0.0.2';
const unpacked = path.join(__dirname, '../../../build/proxies/usr');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-proxies-'));
process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
let count = 0;

// -- the programs -------------------------------------------------------------

function find(name) {
  for (const dir of ['sbin', 'bin']) {
    const here = path.join(unpacked, dir, name);
    if (fs.existsSync(here)) return here;
  }
  for (const dir of ['/usr/sbin', '/usr/local/sbin', '/usr/bin']) {
    if (fs.existsSync(path.join(dir, name))) return path.join(dir, name);
  }
  throw new Error(`${name} is missing: run tools/proxies.sh`);
}

function environment() {
  const lib = path.join(unpacked, 'lib');
  const dirs = !fs.existsSync(lib) ? [] : fs.readdirSync(lib)
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => path.join(lib, name));
  return dirs.length
    ? { ...process.env, LD_LIBRARY_PATH: dirs.join(':') } : process.env;
}

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: CLIENT });
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});

async function start(t, program, args, port, env = {}) {
  const proc = spawn(find(program), args,
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...environment(), ...env } });
  let words = '';
  proc.stderr.on('data', (data) => { words += data; });
  t.after(() => proc.kill('SIGTERM')); // killed, nginx leaves its worker
  t.proxy = proc;
  for (let i = 0; i < 600 && proc.exitCode === null; i++) {
    if (await accepts(port)) return port;
    await sleep(50);
  }
  throw new Error(`${program} did not start: ${words}`);
}

// What stands inside of `http { … }`.
async function nginxOf(t, port, text) {
  const dir = path.join(folder, `nginx-${count++}`);
  fs.mkdirSync(dir);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  fs.writeFileSync(path.join(dir, 'nginx.conf'), `
    worker_processes 1; daemon off; pid ${dir}/pid;
    error_log ${dir}/error.log warn;
    ${process.getuid() === 0 ? 'user root;' : ''}
    events { worker_connections 256; }
    http {
      access_log off;
      ${kinds.map((kind) => `${kind}_temp_path ${dir}/${kind};`).join('\n')}
      ${text}
    }`);
  return start(t, 'nginx',
    ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', `${dir}/error.log`], port);
}

// `lines` of a location that is passed to `upstream`; `tls` is FILE of FILE.crt
// and FILE.key.
async function nginx(t, upstream, lines, tls) {
  const port = await freePort();
  return nginxOf(t, port, `
      map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
      server {
        listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
        ${tls ? `ssl_certificate ${tls}.crt; ssl_certificate_key ${tls}.key;`
    : ''}
        location / {
          proxy_pass http://${upstream};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          ${lines.join('\n')}
        }
      }`);
}

async function haproxyOf(t, port, text) {
  const file = path.join(folder, `haproxy-${count++}.cfg`);
  fs.writeFileSync(file, `global\n  maxconn 200\n${text}\n`);
  return start(t, 'haproxy', ['-db', '-f', file], port);
}

// `text` has sites; nothing of the user's home is looked at or written.
async function caddyOf(t, port, text) {
  const dir = path.join(folder, `caddy-${count++}`);
  fs.mkdirSync(dir);
  fs.writeFileSync(path.join(dir, 'Caddyfile'),
    `{\n  admin off\n  auto_https off\n}\n${text}\n`);
  return start(t, 'caddy',
    ['run', '--config', `${dir}/Caddyfile`, '--adapter', 'caddyfile'], port,
    { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir });
}

// Is it there, and does it start?
const version = (name) => spawnSync(find(name),
  [name === 'caddy' ? 'version' : '-v'], { env: environment() });

module.exports = { CLIENT, folder, nginxOf, nginx, haproxyOf, caddyOf,
  version };
