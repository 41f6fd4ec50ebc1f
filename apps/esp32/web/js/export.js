// SPDX-License-Identifier: MIT
// export: readings as a CSV file, which the server streams however many there
// are and the browser writes as they come.
import { apiGet, withQuery } from './api.js';
import { deviceSelected } from './devices.js';
import { byId, countOf, el } from './dom.js';
import { notify } from './notices.js';
import { viewRange } from './view.js';

function save(query) {
  const link = el('a', {
    href: withQuery('/api/sensor-data/export', { format: 'csv', ...query }), download: '',
  });
  document.body.append(link);
  link.click();
  link.remove();
}

// The count comes first: it says what will come, or why nothing can.
async function run(query) {
  const device = deviceSelected();
  if (!device) return notify('info', 'There is no device yet to export from.');
  const buttons = [byId('export-csv'), byId('export-csv-all')];
  for (const button of buttons) button.disabled = true;
  try {
    const asked = { device_id: device, ...query };
    const { rows } = await apiGet('/api/sensor-data/series', { ...asked, points: 1 });
    if (!rows) return notify('info', 'There are no readings in this stretch.');
    save(asked);
    notify('good', `Exporting ${countOf(rows, 'reading')} of ${device}.`);
  } catch (error) {
    notify('error', `The export failed. ${error.message}`);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function exportView() {
  const [from, to] = viewRange().map((s) => new Date(s * 1000).toISOString());
  return run({ from, to });
}

export function startExport() {
  byId('export-csv').addEventListener('click', exportView);
  byId('export-csv-all').addEventListener('click', () => run({}));
}
