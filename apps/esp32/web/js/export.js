// SPDX-License-Identifier: MIT
// export: readings as a CSV file, which the server streams however many there
// are and the browser writes as they come.
import { apiGet } from './api.js';
import { deviceSelected } from './devices.js';
import { byId, countOf } from './dom.js';
import { notify } from './notices.js';
import { saveFrom, saveWith } from './save.js';
import { viewRange } from './view.js';

// The count comes first: it says what will come, or why nothing can.
function run(query) {
  const device = deviceSelected();
  if (!device) return notify('info', 'There is no device yet to export from.');
  return saveWith([byId('export-csv'), byId('export-csv-all')], async () => {
    const asked = { device_id: device, ...query };
    const { rows } = await apiGet('/api/sensor-data/series', { ...asked, points: 1 });
    if (!rows) return notify('info', 'There are no readings in this stretch.');
    saveFrom('/api/sensor-data/export', { format: 'csv', ...asked });
    return notify('good', `Exporting ${countOf(rows, 'reading')} of ${device}.`);
  });
}

function exportView() {
  const [from, to] = viewRange().map((s) => new Date(s * 1000).toISOString());
  return run({ from, to });
}

export function startExport() {
  byId('export-csv').addEventListener('click', exportView);
  byId('export-csv-all').addEventListener('click', () => run({}));
}
