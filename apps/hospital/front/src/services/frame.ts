// SPDX-License-Identifier: MIT
// frame: work is asked for by many messages and done once per picture. A hidden
// page draws no pictures: there a slow clock takes their place, so that what
// waits stays bounded and counts stay right.
const hiddenEveryMs = 250;

const waiting = new Set<() => void>();
let isAsked = false;

function run(): void {
  isAsked = false;
  const tasks = [...waiting];
  waiting.clear();
  for (const task of tasks) task();
}

function ask(): void {
  if (isAsked) return;
  isAsked = true;
  if (typeof document === 'undefined' || document.hidden) setTimeout(run, hiddenEveryMs);
  else requestAnimationFrame(run);
}

// Runs `task` once before the next picture, however often it is asked for.
export function onNextFrame(task: () => void): void {
  waiting.add(task);
  ask();
}

// A picture that was asked for just before the page was hidden does not come.
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden || !isAsked) return;
    setTimeout(() => isAsked && run(), hiddenEveryMs);
  });
}
