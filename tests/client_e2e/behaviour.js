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

for (const { name, ways, fn, same } of scenarios) {
  for (const way of ways) {
    test(`${name} [${way}]`, async (t) => {
      const [theirs, ours] = await Promise.all(
        ['js', client()].map((kind) => traceOf(t, kind, TRANSPORTS[way], fn)));
      assert.ok(theirs.length > 0, 'nothing was seen');
      const form = same || ((lines) => lines);
      assert.deepEqual(form(ours), form(theirs));
      if (process.env.PEAL_CLIENT_VERBOSE) console.log(ours.join('\n'));
    });
  }
}

run({ parallel: 8 });
