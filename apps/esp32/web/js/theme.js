// SPDX-License-Identifier: MIT
// theme: light or dark, by the system's preference until the reader chooses.
import { byId } from './dom.js';

const system = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;
const listeners = new Set();

const isDark = () => (root.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark';

function announce() {
  const other = isDark() ? 'light' : 'dark';
  byId('theme-toggle').setAttribute('aria-label', `Switch to the ${other} look`);
  for (const listener of listeners) listener();
}

function toggle() {
  root.dataset.theme = isDark() ? 'light' : 'dark';
  try {
    localStorage.setItem('peal-theme', root.dataset.theme);
  } catch {
    // The choice then holds until the page is left.
  }
  announce();
}

// Calls `listener` whenever the colours change.
export function onThemeChange(listener) {
  listeners.add(listener);
}

// The present value of a colour of style.css, such as "--series-x".
export function themeColour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

export function startTheme() {
  byId('theme-toggle').addEventListener('click', toggle);
  system.addEventListener('change', announce);
  announce();
}
