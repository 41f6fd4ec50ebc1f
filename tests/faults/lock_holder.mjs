// SPDX-License-Identifier: MIT
// lock_holder: another process that holds the lock of a program's store.
import { spawn } from 'node:child_process';

const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
db.execute("ROLLBACK")
`;
let holder;

export async function hold(database) {
  holder = spawn('python3', ['-c', script, database], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((done) => { holder.stdout.once('data', done); });
}

export async function release() {
  const gone = new Promise((done) => { holder.once('exit', done); });
  holder.stdin.end();
  await gone;
}
