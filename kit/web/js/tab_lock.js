// SPDX-License-Identifier: MIT
// tab_lock: of all tabs of this origin one at a time does a task.
//
// Browsers have locks for that, but only where the page came over TLS or from
// this machine. Elsewhere a lease in the storage stands for them: it holds a
// random name and a time, no secret, and what is read back a moment after it
// was written is what every tab agrees on.
const leaseMs = 10000;
const settleMs = 40;

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

const holder = (key) => JSON.parse(localStorage.getItem(key) ?? 'null');

async function lease(key, mine) {
  for (;;) {
    const held = holder(key);
    // A clock that was set back must not make a lease last.
    const isHeld = held && held.until > Date.now() && held.until <= Date.now() + leaseMs;
    if (!isHeld) {
      localStorage.setItem(key, JSON.stringify({ mine, until: Date.now() + leaseMs }));
      await sleep(settleMs);
      if (holder(key)?.mine === mine) return;
    }
    await sleep(settleMs * (1 + Math.random()));
  }
}

async function withLease(name, task) {
  const key = `peal-lock-${name}`;
  const mine = Math.random().toString(36);
  try {
    await lease(key, mine);
  } catch {
    return task(); // no storage: then there is no other tab to race with
  }
  try {
    return await task();
  } finally {
    if (holder(key)?.mine === mine) localStorage.removeItem(key);
  }
}

// Runs `task` when no other tab runs one of this name; its result.
export function tabLock(name, task) {
  return navigator.locks ? navigator.locks.request(name, task) : withLease(name, task);
}
