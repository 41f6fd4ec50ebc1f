// SPDX-License-Identifier: MIT
'use strict';
// The clients under test, and what their process costs.
const fs = require('node:fs');
const path = require('node:path');
const { Driver } = require('../../interop/lib/remote');
const { argument } = require('../../e2e/lib/server');
const { atEnd } = require('../../e2e/lib/suite');

const script = path.join(__dirname, '../../interop/drivers/js.js');
const COMMANDS = {
  js: [process.execPath, script, 'socket.io-client'],
  peal: [argument('driver')],
  'peal-threads': [argument('driver'), '--threads'],
};

const TRANSPORTS = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

// A process of its own; the caller ends it.
async function freshDriver(kind) {
  const driver = new Driver(COMMANDS[kind]);
  await Promise.race([driver.hello,
    driver.failed.then((err) => { throw err; })]);
  return driver;
}

// One for all who ask, until it breaks.
const shared = new Map();
function sharedDriver(kind) {
  if (!shared.has(kind)) {
    const driver = freshDriver(kind);
    shared.set(kind, driver);
    driver.then((one) => one.failed)
      .then(() => shared.delete(kind), () => shared.delete(kind));
    atEnd(async () => (await driver).end());
  }
  return shared.get(kind);
}

const client = () => argument('client', 'peal');

// Of a process: bytes now and at most, seconds of CPU.
function costs(driver) {
  const status = fs.readFileSync(`/proc/${driver.proc.pid}/status`, 'utf8');
  const kib = (name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  const stat = fs.readFileSync(`/proc/${driver.proc.pid}/stat`, 'utf8')
    .split(') ')[1].split(' ');
  return {
    rss: kib('VmRSS') * 1024, peak: kib('VmHWM') * 1024,
    cpu: (Number(stat[11]) + Number(stat[12])) / 100,
  };
}

module.exports = { TRANSPORTS, client, freshDriver, sharedDriver, costs };
