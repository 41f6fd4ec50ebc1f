// SPDX-License-Identifier: MIT
// Colours have the names that people would give them; curves are read between
// their points.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// Its modules import each other and those that all pages share, from one
// folder: as in the build.
const [pages] = process.argv.slice(2);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sv30-page-'));
fs.cpSync(pages, folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
const { colourName } = await import(pathToFileURL(path.join(folder, 'js/colour.js')));

const names = {
  white: [250, 250, 250], black: [5, 5, 5], grey: [128, 128, 128], 'dark grey': [70, 70, 70],
  'dark brown': [94, 70, 41], blue: [60, 90, 220], red: [220, 50, 50], green: [60, 180, 75],
  'very pale greyish green': [210, 230, 205], yellow: [230, 220, 40],
};
for (const [name, [r, g, b]] of Object.entries(names)) assert.equal(colourName({ r, g, b }), name);
for (let i = 0; i < 5000; i += 1) {
  const [r, g, b] = [i * 7 % 256, i * 31 % 256, i * 101 % 256];
  assert.match(colourName({ r, g, b }), /^[a-z ]+$/);
}
fs.rmSync(folder, { recursive: true });
console.log('ok - colours have names');
