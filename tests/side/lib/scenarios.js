// SPDX-License-Identifier: MIT
'use strict';
// All scenarios, from the files of ../scenarios: name, the row of the features
// that it shows (docs/features.md), flags of the fixture, steps.
const fs = require('node:fs');
const path = require('node:path');

const all = [];

// Of one transport each: `name [polling]`, `name [websocket]`.
const BOTH = ['polling', 'websocket'];

// Flags may say `own`: a server that no other scenario uses.
function scenario(name, flags, fn) {
  if (typeof flags === 'function') [flags, fn] = [{}, flags];
  if (all.some((one) => one.name === name)) throw new Error(`twice: ${name}`);
  all.push({ name, flags, fn });
}

function both(name, flags, fn) {
  if (typeof flags === 'function') [flags, fn] = [{}, flags];
  for (const transport of BOTH) {
    scenario(`${name} [${transport}]`, flags, (on) => fn(on, transport));
  }
}

const folder = path.join(__dirname, '../scenarios');
for (const file of fs.readdirSync(folder).sort()) {
  require(path.join(folder, file))({ scenario, both });
}

module.exports = all;
