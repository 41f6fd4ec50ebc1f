// SPDX-License-Identifier: MIT
// theme-early: runs before the first paint, so that a chosen look does not
// flash the other one first. Everything else is in theme.js.
(() => {
  try {
    const chosen = localStorage.getItem('peal-theme');
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's preference then decides.
  }
})();
