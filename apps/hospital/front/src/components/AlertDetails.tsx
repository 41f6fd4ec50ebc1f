// SPDX-License-Identifier: MIT
// AlertDetails: everything about one alert, and what can be done with it.
import { useAlerts, type Alert } from '../context/AlertContext.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { linkTo } from '../hooks/useRoute.ts';
import type { AlertRow } from '../types.ts';
import { Mark, Simulated } from './marks.tsx';
import { Time } from './times.tsx';

// Acknowledge and resolve, for who may.
export function AlertActions({ alert, onDone }: { alert: Pick<Alert, 'id' | 'status'>; onDone?: (row: Partial<AlertRow>) => void }) {
  const { acknowledgeAlert, resolveAlert } = useAlerts();
  const { may } = useAuth();
  const action = useAction();
  if (!may('admin', 'doctor', 'nurse') || alert.status === 'resolved' || !Number.isInteger(Number(alert.id))) return null;

  const change = (what: typeof acknowledgeAlert) => action.run(async () => {
    const answer = await what(alert.id);
    if (answer.status !== 'success') throw new Error(answer.message ?? 'The server refused this.');
    onDone?.((answer.alert ?? {}) as Partial<AlertRow>);
  });

  return (
    <div className="acts">
      {alert.status === 'active' && (
        <button type="button" className="act" disabled={action.isBusy} onClick={() => change(acknowledgeAlert)}>Acknowledge</button>)}
      {alert.status === 'acknowledged' && (
        <button type="button" className="act" disabled={action.isBusy} onClick={() => change(resolveAlert)}>Resolve</button>)}
      {action.problem && <span className="problem" role="alert">{action.problem}</span>}
    </div>
  );
}

const isWorthShowing = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join('; ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function Facts({ row }: { row: AlertRow }) {
  const data = typeof row.data === 'object' && row.data !== null ? Object.entries(row.data) : [];
  const facts: [string, unknown][] = [
    ['ward', row.ward], ['escalated to', row.escalation === 'none' ? null : row.escalation],
    ['acknowledged by', row.acknowledged_by], ['resolved by', row.resolved_by], ['from', row.created_by],
    ...data,
  ];
  return (
    <dl className="facts">
      {facts.filter(([, value]) => isWorthShowing(value)).map(([name, value]) => (
        <div key={name}><dt>{name.replaceAll('_', ' ')}</dt><dd>{valueText(value)}</dd></div>
      ))}
    </dl>
  );
}

export function AlertDetails({ alert }: { alert: Alert }) {
  const row = alert.data as AlertRow;
  return (
    <article className="details" aria-label={alert.title}>
      <p className="marks"><Mark kind={alert.type} /> <Mark kind={alert.status} /> <Simulated of={row} /></p>
      <h3>{alert.title}</h3>
      <p className="words">{alert.message}</p>
      <p className="hint"><Time at={alert.timestamp} /></p>
      <Facts row={row} />
      <AlertActions alert={alert} />
      {row.patient_id && <a className="small button" href={linkTo('patients', row.patient_id)}>Open the patient</a>}
    </article>
  );
}
