// SPDX-License-Identifier: MIT
// AlertsPage: every alert there was, found by filters, and the form for one to
// the whole hospital.
import { useEffect, useRef, useState } from 'react';
import { AlertItem } from '../components/AlertItem.tsx';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Choice, Field } from '../components/Field.tsx';
import { Place } from '../components/Place.tsx';
import { useAlerts } from '../context/AlertContext.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { useHistory } from '../hooks/useHistory.ts';
import { send } from '../services/session.ts';
import type { AlertRow } from '../types.ts';

const statuses = [['', 'Any status'], ['active', 'active'], ['acknowledged', 'acknowledged'], ['resolved', 'resolved']] as const;
const severities = [['', 'Any severity'], ['critical', 'critical'], ['warning', 'warning'], ['info', 'info']] as const;
const spans = [['', 'Any time'], ['1', 'Last hour'], ['24', 'Last day'], ['168', 'Last week']] as const;
const hourMs = 3600000;

function HospitalAlert({ onClose }: { onClose: () => void }) {
  const action = useAction();
  const raise = (form: FormData) => send('POST', '/api/alerts/hospital', { severity: textOf(form, 'severity'), message: textOf(form, 'message') });
  return (
    <Dialog title="Alert for the whole hospital" submit="Send to everybody" action={action} onSubmit={raise} onClose={onClose} isGrave>
      <Choice label="Severity" name="severity" options={severities.slice(1)} />
      <Field label="Message" name="message" required maxLength={500} problem={action.field === 'message' ? action.problem : ''} />
    </Dialog>
  );
}

const since = (hours: string): string => (hours ? new Date(Date.now() - Number(hours) * hourMs).toISOString() : '');

export function AlertsPage() {
  const { may } = useAuth();
  const { totalCount } = useAlerts();
  const [wanted, setWanted] = useState({ status: '', severity: '', patient: '', since: '' });
  const [typed, setTyped] = useState('');
  const [isRaising, setIsRaising] = useState(false);
  const { rows, state, problem, hasMore, more, again, change } = useHistory<AlertRow>('/api/alerts', wanted);
  const [atLoad, setAtLoad] = useState(totalCount);
  const choose = (part: Partial<typeof wanted>) => setWanted((old) => ({ ...old, ...part }));
  const fresh = totalCount - atLoad;

  // Counted from when the list came.
  const counted = useRef(totalCount);
  counted.current = totalCount;
  useEffect(() => {
    if (state === 'ready') setAtLoad(counted.current);
  }, [state]);
  useEffect(() => {
    const timer = setTimeout(() => choose({ patient: typed.trim() }), 300);
    return () => clearTimeout(timer);
  }, [typed]);

  return (
    <section className="card wide" aria-labelledby="h-alerts">
      <div className="head">
        <h2 id="h-alerts">All alerts</h2>
        <div className="tools">
          {fresh > 0 && <button type="button" className="small" onClick={again}>Show {fresh} new</button>}
          {may('admin', 'doctor') && <button type="button" className="small" onClick={() => setIsRaising(true)}>Alert the hospital</button>}
        </div>
      </div>
      <div className="filters" role="group" aria-label="Filters">
        <Choice label="Status" value={wanted.status} options={statuses} onChange={(event) => choose({ status: event.target.value })} />
        <Choice label="Severity" value={wanted.severity} options={severities} onChange={(event) => choose({ severity: event.target.value })} />
        <Field label="Patient id" type="search" value={typed} onChange={(event) => setTyped(event.target.value)} />
        <Choice label="When" options={spans} onChange={(event) => choose({ since: since(event.target.value) })} />
      </div>
      <Place state={state} isEmpty={rows.length === 0} problem={problem} again={again} empty="No alert fits." />
      <ul className="alert-items" id="alert-history" aria-busy={state === 'loading'}>
        {rows.map((row) => (
          <AlertItem key={row.id} row={row} hasPatient onDone={(part) => change(({ id }) => id === row.id, part)} />
        ))}
      </ul>
      {hasMore && <button type="button" className="small more" disabled={state === 'loading'} onClick={more}>Show older alerts</button>}
      {isRaising && <HospitalAlert onClose={() => setIsRaising(false)} />}
    </section>
  );
}
