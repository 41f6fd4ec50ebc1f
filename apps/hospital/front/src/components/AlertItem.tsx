// SPDX-License-Identifier: MIT
// AlertItem: an alert in a list of a page.
import type { AlertRow } from '../types.ts';
import { linkTo } from '../hooks/useRoute.ts';
import { AlertActions } from './AlertDetails.tsx';
import { Mark, Simulated } from './marks.tsx';
import { Time } from './times.tsx';

interface AlertItemProps {
  row: AlertRow;
  hasPatient?: boolean; // whether it says of whom
  onDone?: (part: Partial<AlertRow>) => void;
}

function stateOf({ status, acknowledged_by: by, resolved_by: resolvedBy }: AlertRow): string {
  if (status === 'resolved' && resolvedBy) return `resolved by ${resolvedBy}`;
  if (status === 'acknowledged' && by) return `acknowledged by ${by}`;
  return status ?? 'active';
}

export function AlertItem({ row, hasPatient = false, onDone }: AlertItemProps) {
  const status = row.status ?? 'active';
  return (
    <li className="alert-item" data-status={row.severity} data-state={status} data-alert={row.id}>
      <p className="marks">
        <Mark kind={row.severity} />
        {hasPatient && (row.patient_id ? <a href={linkTo('patients', row.patient_id)}>Patient {row.patient_id}</a> : <strong>Whole hospital</strong>)}
        <Simulated of={row} />
        {row.escalation && row.escalation !== 'none' && <Mark kind="critical">escalated to {row.escalation === 'all' ? 'all' : 'doctors'}</Mark>}
        <span className="hint"><Time at={row.timestamp} /></span>
      </p>
      <p className="words">{row.message}</p>
      <div className="alert-foot">
        <span className="hint">{stateOf(row)}</span>
        <AlertActions alert={{ id: String(row.id ?? ''), status }} onDone={onDone} />
      </div>
    </li>
  );
}
