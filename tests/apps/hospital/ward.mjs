// SPDX-License-Identifier: MIT
// ward: the hospital's people, and what they ask for.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

export * from '../common/program.mjs';
import { newFolder, Program, until } from '../common/program.mjs';

// The real page is built by npm, and has tests of its own.
const page = newFolder();
fs.mkdirSync(page, { recursive: true });
fs.writeFileSync(path.join(page, 'index.html'), '<!doctype html><title>hospital</title>');

export const password = 'correct horse battery';

export const startHospital = (options = {}) => new Program({
  ...options,
  args: ['--web-dir', page, ...options.args ?? []],
  env: { PEAL_HOSPITAL_ADMIN_PASSWORD: password, ...options.env },
}).start();

// Somebody who is signed in.
export class Person {
  constructor(server, username) {
    Object.assign(this, { server, username });
  }

  async signIn(word = password) {
    const { status, json, headers, text } = await this.server.post('/api/auth/login',
      { username: this.username, password: word });
    if (status !== 200) throw Object.assign(new Error(`login: ${status} ${text}`), { status });
    Object.assign(this, {
      token: json.access_token, room: json.room, user: json.user,
      cookie: headers.getSetCookie()[0]?.split(';')[0],
    });
    return this;
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}` };
  }

  ask(method, where, body) {
    return this.server.ask(method, where, {
      body: body === undefined ? undefined : JSON.stringify(body),
      type: body === undefined ? undefined : 'application/json', headers: this.headers,
    });
  }

  get(where) {
    return this.ask('GET', where);
  }

  post(where, body) {
    return this.ask('POST', where, body);
  }

  patch(where, body) {
    return this.ask('PATCH', where, body);
  }

  // The answer's JSON; any other status than the one that is expected throws.
  async must(method, where, body, expected = [200, 201]) {
    const { status, json, text } = await this.ask(method, where, body);
    assert(expected.includes(status), `${method} ${where}: ${status} ${text}`);
    return json;
  }

  connect(auth = {}, options = {}) {
    return this.server.connect({
      transports: ['websocket'], ...options, auth: { token: this.token, ...auth },
    });
  }
}

export const admin = (server) => new Person(server, 'admin').signIn();

export async function hire(boss, username, role, more = {}) {
  await boss.must('POST', '/api/staff', { username, password, name: `${role} ${username}`, role, ...more });
  return new Person(boss.server, username).signIn();
}

export const send = (socket, name, ...args) => socket.timeout(8000).emitWithAck(name, ...args);

// Vital signs by their NEWS2 score: 0, 7 and 20.
export const calm = { heart_rate: 70, systolic: 120, spo2: 98, respiration: 16, temperature: 37, consciousness: 'alert' };
export const ill = { ...calm, respiration: 25, spo2: 93, temperature: 39.5 };
export const dying = { heart_rate: 140, systolic: 80, spo2: 85, respiration: 30, temperature: 34, consciousness: 'unresponsive' };
export { until };
