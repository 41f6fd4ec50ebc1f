// SPDX-License-Identifier: MIT
// theme-early: runs before the first paint, so that the right look does not
// follow a flash of the other one. Everything else is in theme.js.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('peal-theme');
  } catch {
    // Storage may be forbidden; the system's preference then decides.
  }
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const known = chosen === 'dark' || chosen === 'light';
  document.documentElement.dataset.theme = known ? chosen : system;
})();
