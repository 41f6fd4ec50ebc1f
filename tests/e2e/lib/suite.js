// SPDX-License-Identifier: MIT
'use strict';
// A suite: a list of named cases against one server under test, run a few at a
// time, printed as a list, the exit code tells. Cases share servers by flags.
//
//   node wire_http.js --server node|PATH [--workers N] [--only TEXT]
const { startServer, stopAll, target } = require('./server');

const cases = [];
const enders = [];
const CASE_LIMIT_MS = 60000;

// Opts: {only: 'peal'|'node', alone: true, limit: ms}. `only: 'peal'` marks a
// deliberate difference from the reference (docs/protocols says which).
function test(name, opts, fn) {
  if (typeof opts === 'function') [opts, fn] = [{}, opts];
  cases.push({ name, fn, ...opts });
}

// When all cases are over; what it throws is a failure.
function atEnd(fn) {
  enders.push(fn);
}

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}

class Skipped extends Error {}

async function runCase(one, out) {
  const kind = target() === 'node' ? 'node' : 'peal';
  if (one.only && one.only !== kind) {
    out.skipped++;
    console.log(`skip ${one.name} (${one.only} only)`);
    return;
  }
  const start = Date.now();
  let timer;
  const cleanups = [];
  const t = {
    after: (fn) => cleanups.push(fn),
    server: startServer,
    skip: (why) => { throw new Skipped(why); }, // found out on the way
  };
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('the case took too long')),
        one.limit || CASE_LIMIT_MS);
    });
    await Promise.race([one.fn(t), late]);
    out.passed++;
    console.log(`ok   ${one.name} (${Date.now() - start} ms)`);
  } catch (err) {
    if (err instanceof Skipped) {
      out.skipped++;
      console.log(`skip ${one.name} (${err.message})`);
      return;
    }
    out.failed++;
    const text = (err && err.stack) || String(err);
    console.log(`FAIL ${one.name}\n     ${text.replace(/\n/g, '\n     ')}`);
  } finally {
    clearTimeout(timer);
    for (const fn of cleanups.reverse()) {
      try { await fn(); } catch { /* already gone */ }
    }
  }
}

async function main(parallel) {
  const only = option('only');
  const list = cases.filter((c) => !only || c.name.includes(only));
  const out = { passed: 0, failed: 0, skipped: 0 };
  const start = Date.now();
  const together = list.filter((c) => !c.alone);
  const worker = async () => {
    while (together.length) await runCase(together.shift(), out);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  for (const one of list.filter((c) => c.alone)) await runCase(one, out);
  const crashed = await stopAll();
  for (const fn of enders) await fn().catch((err) => crashed.push(err.message));
  for (const text of crashed) {
    out.failed++;
    console.log(`FAIL at the end: ${text}`);
  }
  console.log(`${out.passed} passed, ${out.failed} failed, ` +
    `${out.skipped} skipped, ${Date.now() - start} ms`);
  process.exit(out.failed ? 1 : 0);
}

// Call last in a suite.
function run({ parallel = 6 } = {}) {
  process.on('unhandledRejection', (err) => {
    console.log(`FAIL unhandled: ${err && err.stack}`);
    process.exitCode = 1;
  });
  main(parallel).catch((err) => {
    console.log(`FAIL suite: ${err.stack}`);
    stopAll().finally(() => process.exit(1));
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Wait for a condition instead of a time.
async function until(fn, what = 'condition', ms = 30000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await fn();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(15);
  }
}

module.exports = { test, run, atEnd, sleep, until, option };
