// SPDX-License-Identifier: MIT
// BedsPage: every bed of every ward, and who lies in it.
import { useMemo, useState } from 'react';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Choice, Field } from '../components/Field.tsx';
import { Mark, Simulated } from '../components/marks.tsx';
import { Place } from '../components/Place.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { linkTo } from '../hooks/useRoute.ts';
import { useStore } from '../hooks/useStore.ts';
import { beds } from '../services/boards.ts';
import { send } from '../services/session.ts';
import type { Bed } from '../types.ts';

const statuses = ['free', 'occupied', 'cleaning', 'blocked'] as const;

function AddBed({ onClose }: { onClose: () => void }) {
  const action = useAction();
  const problem = (name: string) => (action.field === name ? action.problem : '');
  const add = async (form: FormData) => {
    const { data } = await send('POST', '/api/beds', { bed_id: textOf(form, 'bed_id'), ward: textOf(form, 'ward') });
    beds.put(data);
  };
  return (
    <Dialog title="A new bed" submit="Add" action={action} onSubmit={add} onClose={onClose}>
      <Field label="Bed id" name="bed_id" required maxLength={64} problem={problem('bed_id')} />
      <Field label="Ward" name="ward" required maxLength={64} problem={problem('ward')} />
    </Dialog>
  );
}

function ChangeBed({ bed, onClose }: { bed: Bed; onClose: () => void }) {
  const action = useAction();
  const [status, setStatus] = useState(bed.status);
  const change = async (form: FormData) => {
    const body = { status, ...status === 'occupied' && { patient_id: textOf(form, 'patient_id') } };
    const { data } = await send('PATCH', `/api/beds/${encodeURIComponent(bed.bed_id)}`, body);
    beds.put(data);
  };
  return (
    <Dialog title={`Bed ${bed.bed_id}`} submit="Save" action={action} onSubmit={change} onClose={onClose}>
      <Choice label="Status" name="status" value={status} onChange={(event) => setStatus(event.target.value as Bed['status'])}
        options={statuses.map((word) => [word, word] as const)} />
      {status === 'occupied' && (
        <Field label="Patient id" name="patient_id" required maxLength={64} defaultValue={bed.patient_id ?? ''} problem={action.field === 'patient_id' ? action.problem : ''} />)}
    </Dialog>
  );
}

export function BedsPage() {
  const { rows, state, problem } = useStore(beds);
  const { may } = useAuth();
  const [changing, setChanging] = useState<Bed | null>(null);
  const [isAdding, setIsAdding] = useState(false);
  const mayChange = may('admin', 'doctor', 'nurse');
  const wards = useMemo(() => {
    const groups = new Map<string, Bed[]>();
    for (const bed of rows) groups.set(bed.ward ?? '', [...groups.get(bed.ward ?? '') ?? [], bed]);
    return [...groups].sort(([a], [b]) => a.localeCompare(b));
  }, [rows]);
  const free = rows.filter(({ status }) => status === 'free').length;

  return (
    <section className="wide" aria-labelledby="h-beds">
      <div className="head">
        <h2 id="h-beds">Beds</h2>
        <p className="hint" role="status">{state === 'ready' ? `${free} of ${rows.length} free` : ''}</p>
        <div className="tools">{mayChange && <button type="button" className="small" onClick={() => setIsAdding(true)}>New bed</button>}</div>
      </div>
      <Place state={state} isEmpty={rows.length === 0} problem={problem} again={beds.load} empty="There is no bed yet." />
      {wards.map(([ward, list]) => (
        <section key={ward} className="ward" aria-label={`Ward ${ward}`}>
          <h3>{ward ? `Ward ${ward}` : 'No ward'}</h3>
          <ul className="bed-grid">
            {list.sort((a, b) => a.bed_id.localeCompare(b.bed_id, undefined, { numeric: true })).map((bed) => (
              <li key={bed.bed_id} className="card bed" data-status={bed.status} data-bed={bed.bed_id}>
                <h4>{bed.bed_id}</h4>
                <p className="marks"><Mark kind={bed.status} /> <Simulated of={bed} /></p>
                {bed.patient_id && <a href={linkTo('patients', bed.patient_id)}>{bed.patient_id}</a>}
                {mayChange && <button type="button" className="act" aria-label={`Change bed ${bed.bed_id}`} onClick={() => setChanging(bed)}>Change</button>}
              </li>
            ))}
          </ul>
        </section>
      ))}
      {changing && <ChangeBed bed={changing} onClose={() => setChanging(null)} />}
      {isAdding && <AddBed onClose={() => setIsAdding(false)} />}
    </section>
  );
}
