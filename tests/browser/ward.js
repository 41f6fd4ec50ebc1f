// SPDX-License-Identifier: MIT
// ward: what the suites about the hospital share: a program with staff, their
// pages, and asking as one of them without a page.
import http from 'node:http';
import { until } from './harness.js';
import { isMock, live, newServer, openPage } from './scene.js';

export const words = 'four words are fine';
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

// One who asks over HTTP; connections are kept.
export class Person {
  constructor(server, username) {
    Object.assign(this, { server, username, token: '' });
  }

  async signIn() {
    const { access_token: token } = await this.ask('POST', '/api/auth/login', { username: this.username, password: words });
    this.token = token;
    return this;
  }

  // Tokens may be short: with another one, once.
  async ask(method, path, body) {
    try {
      return await this.#ask(method, path, body);
    } catch (error) {
      if (error.status !== 401 || !this.token) throw error;
    }
    this.token = '';
    await this.signIn();
    return this.#ask(method, path, body);
  }

  #ask(method, path, body) {
    const { hostname, port } = new URL(this.server.url);
    return new Promise((done, fail) => {
      const request = http.request({
        agent, hostname, port, method, path,
        headers: { 'Content-Type': 'application/json', ...this.token && { Authorization: `Bearer ${this.token}` } },
      }, async (response) => {
        let text = '';
        for await (const piece of response) text += piece;
        if (response.statusCode < 300) done(JSON.parse(text));
        else fail(Object.assign(new Error(`${method} ${path}: ${response.statusCode} ${text}`), { status: response.statusCode }));
      });
      request.on('error', fail);
      request.end(body && JSON.stringify(body));
    });
  }

  post(path, body) {
    return this.ask('POST', path, body);
  }
}

// A program in which a doctor, a nurse and a viewer work; its administrator.
export async function newHospital(name, { args = [] } = {}) {
  const server = await newServer(name, {
    health: '/health',
    args: isMock ? args : ['--person-rate', '100000', '--person-burst', '100000', ...args],
    env: { PEAL_HOSPITAL_ADMIN_PASSWORD: words },
  });
  const admin = await new Person(server, 'admin').signIn();
  for (const role of ['doctor', 'nurse', 'viewer']) {
    await admin.post('/api/staff', { username: role, password: words, name: `${role[0].toUpperCase()}${role.slice(1)} Person`, role });
  }
  return { server, admin };
}

export async function signIn(page, username, password = words) {
  await page.locator('[name=username]').fill(username);
  await page.locator('[name=password]').fill(password);
  await page.keyboard.press('Enter');
}

// A page of someone who is signed in, in a browser of its own.
export async function openAs(server, username, options = {}) {
  const page = await openPage(server.url, options);
  await signIn(page, username);
  await live(page);
  return page;
}

export const go = async (page, place) => {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${place}`);
};

// What the bell says.
export async function unread(page) {
  const name = await page.locator('#bell').getAttribute('aria-label');
  return Number(/Alerts, ([\d,.\s]+) unread/.exec(name)[1].replace(/\D/g, ''));
}

export const unreadIs = (page, count, limitMs) =>
  until(`the bell says ${count}`, async () => await unread(page) === count, limitMs);
