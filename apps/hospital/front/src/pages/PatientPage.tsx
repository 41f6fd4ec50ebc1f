// SPDX-License-Identifier: MIT
// PatientPage: one patient, live: the score and why, vital signs, alerts. It
// joins the patient's room, and shows the snapshot that this answers.
import { useEffect, useMemo, useState } from 'react';
import { AlertItem } from '../components/AlertItem.tsx';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Choice, Field } from '../components/Field.tsx';
import { Mark, Simulated } from '../components/marks.tsx';
import { Place } from '../components/Place.tsx';
import { Age } from '../components/times.tsx';
import { Trend } from '../components/Trend.tsx';
import { signs, Vitals } from '../components/Vitals.tsx';
import { useAlerts } from '../context/AlertContext.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { useSocketIO } from '../hooks/useSocketIO.ts';
import { useStore } from '../hooks/useStore.ts';
import { patients, risks } from '../services/boards.ts';
import { get, send } from '../services/session.ts';
import type { Answer } from '../services/socketService.ts';
import type { AlertRow, Patient, Risk } from '../types.ts';

const consciousness = ['alert', 'confused', 'voice', 'pain', 'unresponsive'].map((word) => [word, word] as const);
const maxTrend = 60;
const maxAlerts = 50;

// In the room as long as the page is shown; what it answered the last time.
function useMonitoring(id: string) {
  const { joinPatientMonitoring, leavePatientMonitoring, on, off } = useSocketIO();
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    const joined = (said: { room: string; answer: Answer }) => {
      if (said.room !== `patient_${id}`) return;
      setAnswer(said.answer);
      const risk = said.answer.risk ?? said.answer.snapshot?.risk;
      if (risk) risks.put({ ...risk, patient_id: id });
    };
    on('room_joined', joined);
    void joinPatientMonitoring(id);
    return () => {
      leavePatientMonitoring(id);
      off('room_joined', joined);
    };
  }, [id, joinPatientMonitoring, leavePatientMonitoring, on, off]);
  return answer;
}

// The scores before, and each that comes.
function useTrend(id: string, risk: Risk | undefined): readonly number[] {
  const [scores, setScores] = useState<readonly number[]>([]);
  useEffect(() => {
    let isHere = true;
    get(`/api/risk/${encodeURIComponent(id)}`, { limit: maxTrend })
      .then(({ data }) => isHere && setScores((data as Risk[]).map(({ score }) => score).reverse()))
      .catch(() => {}); // without what was there is no line
    return () => { isHere = false; };
  }, [id]);
  useEffect(() => {
    if (risk) setScores((old) => [...old, risk.score].slice(-maxTrend));
  }, [risk]);
  return scores;
}

function Reading({ id, onClose }: { id: string; onClose: () => void }) {
  const action = useAction();
  const problem = (name: string) => (action.field.endsWith(name) ? action.problem : '');
  const take = async (form: FormData) => {
    const vitals: Record<string, unknown> = { consciousness: textOf(form, 'consciousness') };
    for (const [key] of signs) vitals[key] = Number(textOf(form, key));
    if (form.get('on_oxygen')) vitals.on_oxygen = true;
    const answer = await send('POST', '/api/risk/predict', { patient_id: id, vitals });
    risks.put({ ...answer, vitals, patient_id: id });
  };
  return (
    <Dialog title="New reading" submit="Score it" action={action} onSubmit={take} onClose={onClose}>
      <div className="two">
        {signs.map(([key, name, unit]) => (
          <Field key={key} label={`${name} (${unit})`} name={key} type="number" step="any" inputMode="decimal" required problem={problem(key)} />
        ))}
        <Choice label="Consciousness" name="consciousness" options={consciousness} problem={problem('consciousness')} />
      </div>
      <label className="check"><input type="checkbox" name="on_oxygen" /> On oxygen</label>
    </Dialog>
  );
}

function NewAlert({ id, onClose }: { id: string; onClose: () => void }) {
  const action = useAction();
  const raise = (form: FormData) => send('POST', '/api/alerts',
    { patient_id: id, severity: textOf(form, 'severity'), message: textOf(form, 'message') });
  return (
    <Dialog title={`Alert for patient ${id}`} submit="Send the alert" action={action} onSubmit={raise} onClose={onClose}>
      <Choice label="Severity" name="severity" options={[['info', 'info'], ['warning', 'warning'], ['critical', 'critical']]} />
      <Field label="What is the matter" name="message" required maxLength={500} problem={action.field === 'message' ? action.problem : ''} />
    </Dialog>
  );
}

function Assign({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const action = useAction();
  const assign = async (form: FormData) => {
    const assigned = textOf(form, 'assigned').split(/[\s,]+/).filter(Boolean);
    const { data } = await send('PATCH', `/api/patients/${encodeURIComponent(patient.patient_id)}`, { assigned });
    patients.put(data);
  };
  return (
    <Dialog title="Who cares for this patient" submit="Save" action={action} onSubmit={assign} onClose={onClose}>
      <Field label="User names, separated by commas" name="assigned" defaultValue={(patient.assigned ?? []).join(', ')} problem={action.field ? action.problem : ''} />
    </Dialog>
  );
}

function Score({ risk, scores }: { risk: Risk | undefined; scores: readonly number[] }) {
  return (
    <section className="card score" aria-labelledby="h-score" data-status={risk?.level}>
      <div className="head"><h2 id="h-score">NEWS2</h2>{risk && <Mark kind={risk.level} />}</div>
      {risk ? (
        <>
          <p className="score-value"><strong id="score">{risk.score}</strong> <span className="hint"><Age of={risk.timestamp} /></span></p>
          <Trend scores={scores} />
          <ul className="reasons" aria-label="Reasons">{(risk.reasons ?? []).map((reason) => <li key={String(reason)}>{String(reason)}</li>)}</ul>
        </>
      ) : <p className="place">No reading has come yet.</p>}
    </section>
  );
}

export function PatientPage({ id }: { id: string }) {
  const answer = useMonitoring(id);
  const { rows } = useStore(patients);
  const risk = useStore(risks).get(id);
  const { alerts } = useAlerts();
  const { may } = useAuth();
  const scores = useTrend(id, risk);
  const [dialog, setDialog] = useState('');
  const own = useMemo(() => alerts.filter(({ source, data }) => source === 'patient_alert' && data.patient_id === id), [alerts, id]);
  const patient = rows.find((row) => row.patient_id === id) ?? (answer?.patient as Patient | undefined);
  const isRefused = answer !== null && answer.status !== 'success';
  const close = () => setDialog('');

  return (
    <>
      <section className="wide" aria-labelledby="h-patient">
        <div className="head">
          <a className="small button" href="#/patients">All patients</a>
          <h2 id="h-patient">{patient?.name ?? `Patient ${id}`}</h2>
          <p className="hint">{id}{patient?.ward && `, ward ${patient.ward}`}{patient?.bed_id && `, bed ${patient.bed_id}`}</p>
          <Simulated of={patient ?? { patient_id: id }} />
          <div className="tools">
            {may('admin', 'doctor', 'nurse') && <button type="button" className="small" onClick={() => setDialog('reading')}>New reading</button>}
            {may('admin', 'doctor', 'nurse') && <button type="button" className="small" onClick={() => setDialog('alert')}>Alert</button>}
            {may('admin', 'doctor') && patient && <button type="button" className="small" onClick={() => setDialog('assign')}>Assign</button>}
          </div>
        </div>
        {isRefused && <p className="warning" role="alert">Not live: {answer.message ?? 'the server does not allow to watch this patient.'}</p>}
        {patient?.assigned && <p className="hint">{patient.assigned.length ? `Cared for by ${patient.assigned.join(', ')}.` : 'Nobody is assigned yet.'}</p>}
      </section>
      <div className="stack">
        {risk && <Vitals risk={risk} />}
        <section className="card" aria-labelledby="h-own">
          <div className="head"><h2 id="h-own">Alerts</h2><p className="hint" role="status">{own.filter(({ status }) => status === 'active').length} active</p></div>
          <Place state={answer || own.length ? 'ready' : 'loading'} isEmpty={own.length === 0} empty="No alerts." />
          <ul className="alert-items" id="patient-alerts">
            {own.slice(0, maxAlerts).map((alert) => <AlertItem key={alert.id} row={{ ...alert.data as AlertRow, status: alert.status }} />)}
          </ul>
          {own.length > maxAlerts && <p className="hint">{own.length - maxAlerts} older ones are in <a href="#/alerts">all alerts</a>.</p>}
        </section>
      </div>
      <div className="side"><Score risk={risk} scores={scores} /></div>
      {dialog === 'reading' && <Reading id={id} onClose={close} />}
      {dialog === 'alert' && <NewAlert id={id} onClose={close} />}
      {dialog === 'assign' && patient && <Assign patient={patient} onClose={close} />}
    </>
  );
}
