// SPDX-License-Identifier: MIT
// stale: what is not live must not look so. Without the connection all values
// are greyed and say when they were last seen; when a device has gone, its own.
import { chartsFresh } from './charts.js';
import { deviceNow, devicesShow } from './devices.js';
import { byId, formatAge, parseTime, setText } from './dom.js';

// `live`: the connection is there. Looks at the chosen device, and shows what
// it is.
export function staleShow(live) {
  const device = deviceNow();
  const fresh = live && Boolean(device?.online);
  for (const part of ['charts', 'orientation']) {
    document.querySelector(`.${part}`).classList.toggle('stale', Boolean(device) && !fresh);
  }
  chartsFresh(fresh);
  setText(byId('orientation-time'),
    device && !fresh ? `last seen ${formatAge(parseTime(device.last_seen))}` : '');
  devicesShow(live);
}
