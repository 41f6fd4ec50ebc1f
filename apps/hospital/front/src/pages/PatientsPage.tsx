// SPDX-License-Identifier: MIT
// PatientsPage: who is here, those in danger first.
import { useMemo, useState } from 'react';
import { Choice, Field } from '../components/Field.tsx';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Mark, Simulated } from '../components/marks.tsx';
import { Place } from '../components/Place.tsx';
import { Age } from '../components/times.tsx';
import { useAlerts } from '../context/AlertContext.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { linkTo } from '../hooks/useRoute.ts';
import { useStore } from '../hooks/useStore.ts';
import { patients, risks } from '../services/boards.ts';
import { send } from '../services/session.ts';
import type { Patient, Risk } from '../types.ts';

const order: Record<string, number> = { critical: 4, high: 3, medium: 2, low: 1 };

function AddPatient({ onClose }: { onClose: () => void }) {
  const action = useAction();
  const problem = (name: string) => (action.field === name ? action.problem : '');
  const add = async (form: FormData) => {
    const { data } = await send('POST', '/api/patients',
      { patient_id: textOf(form, 'patient_id'), name: textOf(form, 'name'), ward: textOf(form, 'ward') });
    patients.put(data);
  };
  return (
    <Dialog title="Admit a patient" submit="Admit" action={action} onSubmit={add} onClose={onClose}>
      <Field label="Patient id" name="patient_id" required maxLength={64} problem={problem('patient_id')} />
      <Field label="Name" name="name" required maxLength={120} problem={problem('name')} />
      <Field label="Ward" name="ward" required maxLength={64} problem={problem('ward')} />
    </Dialog>
  );
}

function Card({ patient, risk, active }: { patient: Patient; risk: Risk | undefined; active: number }) {
  return (
    <li className="card patient-card" data-status={risk?.level}>
      <h3><a href={linkTo('patients', patient.patient_id)}>{patient.name}</a></h3>
      <p className="hint">{patient.patient_id}{patient.ward && `, ward ${patient.ward}`}{patient.bed_id && `, bed ${patient.bed_id}`}</p>
      <p className="marks">
        {risk ? <Mark kind={risk.level}>{risk.level}, score {risk.score}</Mark> : <Mark kind="off_duty">no reading yet</Mark>}
        {active > 0 && <Mark kind="active">{active === 1 ? '1 active alert' : `${active} active alerts`}</Mark>}
        <Simulated of={patient} />
      </p>
      {risk?.timestamp && <p className="hint"><Age of={risk.timestamp} /></p>}
    </li>
  );
}

export function PatientsPage() {
  const { rows, state, problem } = useStore(patients);
  const known = useStore(risks);
  const { alerts } = useAlerts();
  const { may } = useAuth();
  const [ward, setWard] = useState('');
  const [wanted, setWanted] = useState('');
  const [isAdding, setIsAdding] = useState(false);

  const active = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { status, data, source } of alerts)
      if (status === 'active' && source === 'patient_alert') counts.set(data.patient_id, (counts.get(data.patient_id) ?? 0) + 1);
    return counts;
  }, [alerts]);
  const wards = useMemo(() => [...new Set(rows.map((row) => row.ward).filter(Boolean) as string[])].sort(), [rows]);
  const riskOf = (patient: Patient) => known.get(patient.patient_id) ?? (patient.risk as Risk | undefined) ?? undefined;
  const text = wanted.toLowerCase();
  const shown = rows
    .filter((row) => row.status !== 'discharged' && (!ward || row.ward === ward) && `${row.name} ${row.patient_id}`.toLowerCase().includes(text))
    .map((patient) => ({ patient, risk: riskOf(patient) }))
    .sort((a, b) => (order[b.risk?.level ?? ''] ?? 0) - (order[a.risk?.level ?? ''] ?? 0) || a.patient.name.localeCompare(b.patient.name));

  return (
    <section className="wide" aria-labelledby="h-patients">
      <div className="head">
        <h2 id="h-patients">Patients</h2>
        <p className="hint" role="status">{state === 'ready' ? `${shown.length} shown` : ''}</p>
        <div className="tools">
          <Field label="Find" type="search" value={wanted} onChange={(event) => setWanted(event.target.value)} placeholder="Name or id" />
          <Choice label="Ward" value={ward} onChange={(event) => setWard(event.target.value)} options={[['', 'All wards'], ...wards.map((name) => [name, name] as const)]} />
          {may('admin', 'doctor', 'nurse') && <button type="button" className="small" onClick={() => setIsAdding(true)}>Admit a patient</button>}
        </div>
      </div>
      <Place state={state} isEmpty={shown.length === 0} problem={problem} again={patients.load}
        empty={rows.length ? 'Nobody fits what is asked for.' : 'No patient is here yet.'} />
      <ul className="patient-cards">
        {shown.map(({ patient, risk }) => (
          <Card key={patient.patient_id} patient={patient} risk={risk} active={active.get(patient.patient_id) ?? 0} />
        ))}
      </ul>
      {isAdding && <AddPatient onClose={() => setIsAdding(false)} />}
    </section>
  );
}
