// SPDX-License-Identifier: MIT
// theme: light or dark, by the system's preference until the reader chooses.
import { byId } from './dom.js';

const system = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;
const listeners = new Set();
const colours = new Map();

function show(theme) {
  root.dataset.theme = theme;
  colours.clear();
  const other = theme === 'dark' ? 'light' : 'dark';
  byId('theme-toggle').setAttribute('aria-label', `Switch to the ${other} look`);
  for (const listener of listeners) listener();
}

function toggle() {
  show(root.dataset.theme === 'dark' ? 'light' : 'dark');
  try {
    localStorage.setItem('peal-theme', root.dataset.theme);
  } catch {
    // The choice then holds until the page is left.
  }
}

// Calls `listener` whenever the colours change.
export function onThemeChange(listener) {
  listeners.add(listener);
}

// The present value of a colour of style.css, such as "--series-x". Kept,
// because asking for a computed style in every picture is costly.
export function themeColour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(root).getPropertyValue(name).trim());
  return colours.get(name);
}

export function startTheme() {
  byId('theme-toggle').addEventListener('click', toggle);
  system.addEventListener('change', () => show(system.matches ? 'dark' : 'light'));
  show(root.dataset.theme);
}
