// SPDX-License-Identifier: MIT
// alert_notice: an alert in words, and a message on any page when it is raised.
import { metricName, metricUnit, metricValue, statusOf } from './metrics.js';
import { notify } from './notices.js';

const mostKnown = 200;
const known = new Set();

export function alertText({ metric, value, unit, message }) {
  return message ? String(message)
    : `${metricName(metric)} ${metricValue(metric, value)} ${unit ?? metricUnit(metric)}`;
}

// Says it once: not again when it is over, or seen to. It is told of again when
// it has become worse.
export function alertNotice(alert) {
  if (alert?.id === undefined || alert.acknowledged_at || alert.cleared_at) return;
  const status = statusOf(alert.status);
  const name = `${alert.id} ${status}`;
  if (known.has(name)) return;
  known.add(name);
  if (known.size > mostKnown) known.delete(known.values().next().value);
  notify(status === 'critical' ? 'error' : 'info', `${status}: ${alertText(alert)}`);
}
