// SPDX-License-Identifier: MIT
// export: readings as a CSV file, fetched from the server's history.
import { apiPages } from './api.js';
import { chartsRange } from './charts.js';
import { deviceSelected } from './devices.js';
import { byId, countOf, setText } from './dom.js';
import { notify } from './notices.js';
import { columns } from './series.js';

const pageSize = 1000;
const maxRows = 500000;
const fields = ['timestamp', 'device_id', ...columns];

// RFC4180 2: quotes around what needs them, doubled inside. A text that a
// spreadsheet would take for a formula gets an apostrophe in front.
function cell(value) {
  if (typeof value === 'number') return String(value);
  const text = String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const lineOf = (row) => `${fields.map((name) => cell(row[name])).join(',')}\r\n`;

async function collect(query) {
  const lines = [];
  for await (const rows of apiPages('/api/sensor-data', { ...query, limit: pageSize }, maxRows)) {
    for (const row of rows) lines.push(lineOf(row));
    setText(byId('export-state'), `${countOf(lines.length, 'reading')}…`);
  }
  return lines.reverse();
}

function save(lines, name) {
  const file = new Blob([`${fields.join(',')}\r\n`, ...lines], { type: 'text/csv' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function run(query, what) {
  const device = deviceSelected();
  if (!device) return notify('info', 'There is no device yet to export from.');
  const buttons = [byId('export-csv'), byId('export-csv-all')];
  for (const button of buttons) button.disabled = true;
  try {
    const lines = await collect({ device_id: device, ...query });
    if (lines.length === 0) return notify('info', 'There are no readings in this stretch.');
    const safeName = device.replace(/[^A-Za-z0-9._-]+/g, '_');
    save(lines, `${safeName}-${what}.csv`);
    notify('good', `Exported ${countOf(lines.length, 'reading')} of ${device}.`);
  } catch (error) {
    notify('error', `The export failed. ${error.message}`);
  } finally {
    for (const button of buttons) button.disabled = false;
    setText(byId('export-state'), '');
  }
}

function exportView() {
  const [since, until] = chartsRange().map((s) => new Date(s * 1000).toISOString());
  return run({ since, until }, since.slice(0, 19).replaceAll(':', ''));
}

export function startExport() {
  byId('export-csv').addEventListener('click', exportView);
  byId('export-csv-all').addEventListener('click', () => run({}, 'all'));
}
