// SPDX-License-Identifier: MIT
'use strict';
// What the user of a client sees: each scenario is run with the reference's
// client and with ours, and the two lists of what happened are compared.
//   node behaviour.js --client peal|peal-threads|js --driver PATH [--only TEXT]
// `--client js` compares the reference with itself, as a test of the test.
const assert = require('node:assert/strict');
const { test, run } = require('../e2e/lib/suite');
const { client, TRANSPORTS } = require('./lib/clients');
const { traceOf } = require('./lib/both');
const scenarios = require('./behaviours');

// Where ours differs on purpose:
// - A connection is told to be closed behind the namespaces that were on it,
//   once, and by the word that they have for it. The reference calls its own
//   close "forced close", tells it before, and once more for a connection that
//   is closed already.
// - "error" is that of the first attempt; the reference tells it of each, and of
//   connections that break.
// - The order of what a failed attempt is told by; and auth is asked when the
//   connection has been told, not before.
function canonical(lines) {
  const out = [];
  let isOpen = false;
  for (const line of lines) {
    const last = out.length - 1;
    if (/ manager open/.test(line)) isOpen = true;
    if (/ manager error/.test(line)) continue;
    if (/ manager close/.test(line)) {
      if (isOpen) out.push(line.replace('forced close', 'io client disconnect'));
      isOpen = false;
    } else if (/ disconnect: /.test(line) && / manager close/.test(out[last])) {
      out.splice(last, 0, line);
    } else out.push(line);
  }
  return grouped(out);
}

const FAILED = new RegExp('connect_error|reconnect_error|reconnect_failed|' +
  'auth asked|manager open|manager close|manager reconnect \\d|answer.*has been');
function grouped(lines) {
  const out = [];
  let group = [];
  const flush = () => { out.push(...group.sort()); group = []; };
  for (const line of lines) {
    if (FAILED.test(line)) group.push(line.replace(/(error|failed) \d+$/, '$1'));
    else {
      flush();
      out.push(line);
    }
  }
  flush();
  return out;
}

for (const { name, ways, fn, same, quirk } of scenarios) {
  for (const way of ways) {
    test(`${name} [${way}]`, async (t) => {
      const [theirs, ours] = await Promise.all(
        ['js', client()].map((kind) => traceOf(t, kind, TRANSPORTS[way], fn)));
      assert.ok(theirs.length > 0, 'nothing was seen');
      const form = same || ((lines) => lines);
      const clean = (lines) => lines.filter((line) => !quirk?.test(line));
      assert.deepEqual(
        form(canonical(client() === 'js' ? clean(ours) : ours)),
        form(canonical(clean(theirs))));
      if (process.env.PEAL_CLIENT_VERBOSE) console.log(ours.join('\n'));
    });
  }
}

run({ parallel: 8 });
