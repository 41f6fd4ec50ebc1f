// SPDX-License-Identifier: MIT
// site: the hospital as it is deployed: two nodes, Redis, and a real nginx with
// the files of apps/hospital/deploy and a certificate of this test's own.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { startRedis } from '../support/redis.mjs';
import { newFolder, password, Program, startHospital, until } from '../apps/hospital/ward.mjs';

export * from '../apps/hospital/ward.mjs';

export const files = new URL('../../apps/hospital/deploy/', import.meta.url).pathname;
const unpacked = new URL('../../build/proxies/usr/', import.meta.url).pathname;
export const NAME = 'hospital.example.org';

// The lines of hospital.env that are set, as systemd reads them.
export function environment(changed = {}) {
  const lines = fs.readFileSync(path.join(files, 'hospital.env'), 'utf8').split('\n')
    .filter((line) => line && !line.startsWith('#')).map((line) => line.split(/=(.*)/s));
  return { ...Object.fromEntries(lines), ...changed };
}

function certificate(folder) {
  const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`,
    '-addext', `subjectAltName=DNS:${NAME},IP:127.0.0.1`,
    '-keyout', path.join(folder, 'hospital.key'), '-out', path.join(folder, 'hospital.crt')],
  { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl: ${done.stderr}`);
  return fs.readFileSync(path.join(folder, 'hospital.crt'));
}

// Each place that is changed has to be there: the rest is the file's own.
export function changed(file, edits) {
  return edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${file} lacks "${from}"`);
    return text.replaceAll(from, to);
  }, fs.readFileSync(path.join(files, file), 'utf8'));
}

function nginxProgram() {
  const found = [path.join(unpacked, 'sbin/nginx'), '/usr/sbin/nginx', '/usr/local/sbin/nginx',
    '/usr/bin/nginx'].find((one) => fs.existsSync(one));
  if (!found) throw new Error('nginx is missing: run tools/proxies.sh');
  const lib = path.join(unpacked, 'lib');
  const dirs = fs.existsSync(lib) ? fs.readdirSync(lib).map((name) => path.join(lib, name)) : [];
  return { program: found, env: { ...process.env, ...dirs.length ? { LD_LIBRARY_PATH: dirs.join(':') } : {} } };
}

export async function portOf(taken = []) {
  const probe = net.createServer();
  await new Promise((done) => { probe.listen(0, '0.0.0.0', done); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return taken.includes(port) ? portOf(taken) : port;
}

const accepts = (port) => new Promise((done) => {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.once('connect', () => { socket.destroy(); done(true); });
  socket.once('error', () => done(false));
});

// What browsers reach. Clients are at addresses of their own, from 127.0.0.2 on.
export class Site extends Program {
  constructor(ports, nodes, edits = []) {
    super();
    Object.assign(this, { port: ports[1], plainPort: ports[0], nodes, edits, agents: new Map() });
    this.url = `https://127.0.0.1:${this.port}`;
  }

  async start() {
    const dir = newFolder();
    fs.mkdirSync(dir, { recursive: true });
    this.ca = certificate(dir);
    const server = changed('nginx/hospital.conf', [
      ['listen 80;', `listen 127.0.0.1:${this.plainPort};`],
      ['listen 443 ssl;', `listen 127.0.0.1:${this.port} ssl;`],
      ['/etc/ssl/hospital/', `${dir}/`]]);
    const upstream = changed('nginx/hospital-upstream.conf', [...this.edits, ...this.nodes
      .map((node, i) => [`127.0.0.1:${5002 + i} `, `127.0.0.1:${node.port} `])]);
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    fs.writeFileSync(path.join(dir, 'nginx.conf'), `
      worker_processes 1; daemon off; pid ${dir}/pid; error_log ${dir}/error.log warn;
      ${process.getuid() === 0 ? 'user root;' : ''}
      events { worker_connections 512; }
      http {
        access_log off;
        ${kinds.map((kind) => `${kind}_temp_path ${dir}/${kind};`).join('\n')}
        ${upstream}
        ${server}
      }`);
    const { program, env } = nginxProgram();
    this.nginx = spawn(program, ['-p', dir, '-c', `${dir}/nginx.conf`, '-e', `${dir}/error.log`],
      { env, stdio: ['ignore', 'ignore', 'pipe'] });
    process.once('exit', () => this.nginx.kill('SIGKILL'));
    let words = '';
    this.nginx.stderr.on('data', (bytes) => { words += bytes; });
    await until('nginx is there', () => {
      if (this.nginx.exitCode !== null) throw new Error(`nginx: ${words}`);
      return accepts(this.port);
    });
    return this;
  }

  agent(address = '127.0.0.2') {
    if (!this.agents.has(address)) {
      this.agents.set(address, new https.Agent({ ca: this.ca, keepAlive: true, localAddress: address }));
    }
    return this.agents.get(address);
  }

  ask(method, where, { body, type, headers = {}, address } = {}) {
    return new Promise((done, fail) => {
      const req = https.request(this.url + where, {
        method, agent: this.agent(address), ...(headers.Host ? { servername: NAME } : {}),
        headers: { ...(type ? { 'Content-Type': type } : {}), ...headers },
      }, (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (some) => { text += some; });
        res.once('error', fail);
        res.once('end', () => {
          let json;
          try {
            json = JSON.parse(text);
          } catch {
            // not every answer is JSON
          }
          done({
            status: res.statusCode, text, json, raw: res.headers,
            headers: { getSetCookie: () => res.headers['set-cookie'] ?? [] },
          });
        });
      });
      req.once('error', fail);
      req.end(body);
    });
  }

  // As a page of the site would.
  options(address) {
    return {
      agent: this.agent(address), ca: this.ca, localAddress: address,
      extraHeaders: { Origin: this.url },
    };
  }
}

export async function openSite(nodes, edits) {
  const taken = nodes.map((node) => node.port);
  taken.unshift(await portOf(taken));
  taken.splice(1, 0, await portOf(taken));
  return new Site(taken, nodes, edits).start();
}

export async function startSite() {
  const redis = await startRedis();
  const options = () => ({
    args: ['--person-rate', '100000', '--person-burst', '100000'],
    env: environment({ PEAL_HOSPITAL_ADMIN_PASSWORD: password, SECRET_KEY: 'the same on both nodes', REDIS_URL: redis.url }),
  });
  const nodes = await Promise.all([startHospital(options()), startHospital(options())]);
  return { redis, nodes, site: await openSite(nodes) };
}
