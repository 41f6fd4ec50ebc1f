// SPDX-License-Identifier: MIT
// TriagePage: who waits, the most urgent first.
import { useEffect, useState } from 'react';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Choice, Field } from '../components/Field.tsx';
import { Mark, Simulated, wordOf } from '../components/marks.tsx';
import { Place } from '../components/Place.tsx';
import { Age } from '../components/times.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { linkTo } from '../hooks/useRoute.ts';
import { useSocketIO } from '../hooks/useSocketIO.ts';
import { useStore } from '../hooks/useStore.ts';
import { triage } from '../services/boards.ts';
import { send } from '../services/session.ts';
import type { TriageEntry } from '../types.ts';

const priorities = [['1', '1, resuscitate at once'], ['2', '2, very urgent'], ['3', '3, urgent'], ['4', '4, standard'], ['5', '5, not urgent']] as const;
const tones = ['', 'critical', 'warning', 'medium', 'low', 'info'];
const next: Partial<Record<TriageEntry['status'], [TriageEntry['status'], string][]>> = {
  waiting: [['in_progress', 'Begin'], ['left', 'Has left']],
  in_progress: [['done', 'Done'], ['waiting', 'Back to waiting']],
};

function AddEntry({ onClose }: { onClose: () => void }) {
  const action = useAction();
  const problem = (name: string) => (action.field === name ? action.problem : '');
  const add = async (form: FormData) => {
    const { data } = await send('POST', '/api/triage', {
      patient_id: textOf(form, 'patient_id'), priority: Number(textOf(form, 'priority')), complaint: textOf(form, 'complaint'),
    });
    triage.put(data);
  };
  return (
    <Dialog title="Add to the queue" submit="Add" action={action} onSubmit={add} onClose={onClose}>
      <Field label="Patient id" name="patient_id" required maxLength={64} problem={problem('patient_id')} />
      <Choice label="Priority" name="priority" options={priorities} defaultValue="3" problem={problem('priority')} />
      <Field label="Complaint" name="complaint" maxLength={500} problem={problem('complaint')} />
    </Dialog>
  );
}

function Entry({ entry }: { entry: TriageEntry }) {
  const { may } = useAuth();
  const action = useAction();
  const move = (status: TriageEntry['status']) => action.run(async () => {
    const { data } = await send('PATCH', `/api/triage/${entry.id}`, { status });
    triage.put(data);
  });
  return (
    <li className="card queue-item" data-priority={entry.priority} data-entry={entry.id}>
      <p className="marks">
        <Mark kind={tones[entry.priority] ?? 'info'}>priority {entry.priority}</Mark> <Mark kind={entry.status} />
        <Simulated of={entry} />
        <span className="hint"><Age of={entry.created_at} /></span>
      </p>
      <h3><a href={linkTo('patients', entry.patient_id)}>{entry.patient_id}</a></h3>
      {entry.complaint && <p className="words">{entry.complaint}</p>}
      {may('admin', 'doctor', 'nurse') && (
        <div className="acts">
          {(next[entry.status] ?? []).map(([status, words]) => (
            <button key={status} type="button" className="act" disabled={action.isBusy} onClick={() => move(status)}>{words}</button>
          ))}
          {action.problem && <span className="problem" role="alert">{action.problem}</span>}
        </div>)}
    </li>
  );
}

export function TriagePage() {
  const { rows, state, problem } = useStore(triage);
  const { may } = useAuth();
  const { joinTriage, leaveTriage } = useSocketIO();
  const [isAdding, setIsAdding] = useState(false);
  const [shown, setShown] = useState<'open' | 'all'>('open');

  useEffect(() => {
    void joinTriage();
    return leaveTriage;
  }, [joinTriage, leaveTriage]);

  const entries = rows
    .filter(({ status }) => shown === 'all' || status === 'waiting' || status === 'in_progress')
    .sort((a, b) => a.priority - b.priority || (a.created_at ?? '').localeCompare(b.created_at ?? ''));
  const waiting = rows.filter(({ status }) => status === 'waiting').length;

  return (
    <section className="wide" aria-labelledby="h-triage">
      <div className="head">
        <h2 id="h-triage">Triage</h2>
        <p className="hint" role="status">{state === 'ready' ? `${waiting} ${wordOf('waiting')}` : ''}</p>
        <div className="tools">
          <div className="segments" role="group" aria-label="Shown">
            <button type="button" aria-pressed={shown === 'open'} onClick={() => setShown('open')}>Open</button>
            <button type="button" aria-pressed={shown === 'all'} onClick={() => setShown('all')}>All</button>
          </div>
          {may('admin', 'doctor', 'nurse') && <button type="button" className="small" onClick={() => setIsAdding(true)}>Add to the queue</button>}
        </div>
      </div>
      <Place state={state} isEmpty={entries.length === 0} problem={problem} again={triage.load} empty="Nobody waits." />
      <ol className="queue" id="triage-queue">{entries.map((entry) => <Entry key={entry.id} entry={entry} />)}</ol>
      {isAdding && <AddEntry onClose={() => setIsAdding(false)} />}
    </section>
  );
}
