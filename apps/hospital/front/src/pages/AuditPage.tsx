// SPDX-License-Identifier: MIT
// AuditPage: who did what, for administrators.
import { useEffect, useState } from 'react';
import { Field } from '../components/Field.tsx';
import { Place } from '../components/Place.tsx';
import { Time } from '../components/times.tsx';
import { useHistory } from '../hooks/useHistory.ts';
import type { AuditEntry } from '../types.ts';

const bodyText = (body: unknown): string =>
  (body === null || body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));

const shortLength = 80;

function Body({ of }: { of: unknown }) {
  const text = bodyText(of);
  if (text.length <= shortLength) return <>{text}</>;
  return <details><summary>{text.slice(0, shortLength)}…</summary>{text}</details>;
}

export function AuditPage() {
  const [typed, setTyped] = useState({ actor: '', action: '' });
  const [wanted, setWanted] = useState(typed);
  const { rows, state, problem, hasMore, more, again } = useHistory<AuditEntry>('/api/audit', wanted);

  useEffect(() => {
    const timer = setTimeout(() => setWanted(typed), 300);
    return () => clearTimeout(timer);
  }, [typed]);

  return (
    <section className="card wide" aria-labelledby="h-audit">
      <div className="head"><h2 id="h-audit">Audit</h2></div>
      <div className="filters" role="group" aria-label="Filters">
        <Field label="Who" type="search" value={typed.actor} onChange={(event) => setTyped((old) => ({ ...old, actor: event.target.value }))} />
        <Field label="What" type="search" value={typed.action} onChange={(event) => setTyped((old) => ({ ...old, action: event.target.value }))} />
      </div>
      <Place state={state} isEmpty={rows.length === 0} problem={problem} again={again} empty="Nothing fits." />
      {rows.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Audit log, newest first">
          <table className="list" id="audit-list">
            <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">About</th><th scope="col">Details</th></tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id}>
                  <td><Time at={row.timestamp} /></td><td>{row.actor}</td><td>{row.action}</td><td>{row.subject}</td><td className="body"><Body of={row.body} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>)}
      {hasMore && <button type="button" className="small more" disabled={state === 'loading'} onClick={more}>Show older entries</button>}
    </section>
  );
}
