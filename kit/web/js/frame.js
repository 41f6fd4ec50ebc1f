// SPDX-License-Identifier: MIT
// frame: work is asked for by many messages and done once per picture.

const waiting = new Set();
let requested = 0;

function run() {
  requested = 0;
  const tasks = [...waiting];
  waiting.clear();
  for (const task of tasks) task();
}

// Runs `task` once before the next picture, however often it is asked for.
// A hidden page draws nothing, and keeps at most one entry per task.
export function onNextFrame(task) {
  waiting.add(task);
  if (!requested) requested = requestAnimationFrame(run);
}
