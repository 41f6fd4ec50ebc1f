// SPDX-License-Identifier: MIT
'use strict';
// The differences that are known, each with its reason (../differences.json):
// one that is not there fails, and one that is there and not seen any more.
const fs = require('node:fs');
const path = require('node:path');

const FILE = path.join(__dirname, '../differences.json');
const groups = JSON.parse(fs.readFileSync(FILE, 'utf8'));

const known = new Map();
for (const group of groups) {
  for (const [name, lines] of Object.entries(group.scenarios)) {
    known.set(name, { why: group.why, lines });
  }
}

function check(name, diff) {
  const entry = known.get(name);
  if (!entry) return diff.length ? ['a difference that is not listed:'] : [];
  if (!diff.length) return ['it is listed, and does not differ any more'];
  if (!entry.why) return ['it is listed without a reason'];
  return JSON.stringify(entry.lines) === JSON.stringify(diff) ? []
    : ['it differs otherwise than listed:',
      ...entry.lines.map((line) => `listed ${line}`)];
}

// What is listed and was never run.
function unknown(scenarios) {
  const names = new Set(scenarios.map((one) => one.name));
  return [...known.keys()].filter((name) => !names.has(name))
    .map((name) => `listed, and no scenario: ${name}`);
}

// With the reasons that there are; what is new gets an empty one.
function write(found, only) {
  for (const group of groups) {
    for (const name of Object.keys(group.scenarios)) {
      const diff = found.get(name);
      if (diff ? diff.length : only) {
        if (diff) group.scenarios[name] = diff;
      } else {
        delete group.scenarios[name];
      }
    }
  }
  for (const [name, lines] of found) {
    if (lines.length && !known.has(name)) {
      groups.push({ title: '', why: '', scenarios: { [name]: lines } });
    }
  }
  const left = groups.filter((group) => Object.keys(group.scenarios).length);
  fs.writeFileSync(FILE, `${JSON.stringify(left, null, 2)}\n`);
}

module.exports = { groups, check, unknown, write };
