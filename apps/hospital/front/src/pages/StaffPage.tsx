// SPDX-License-Identifier: MIT
// StaffPage: who works here, and who is there now.
import { useState } from 'react';
import { Dialog, textOf } from '../components/Dialog.tsx';
import { Choice, Field } from '../components/Field.tsx';
import { Mark, Simulated } from '../components/marks.tsx';
import { Place } from '../components/Place.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { useStore } from '../hooks/useStore.ts';
import { staff } from '../services/boards.ts';
import { send } from '../services/session.ts';
import type { Availability, StaffMember } from '../types.ts';

const roles = [['nurse', 'nurse'], ['doctor', 'doctor'], ['viewer', 'viewer'], ['admin', 'admin']] as const;
const own = [['available', 'Available'], ['busy', 'Busy'], ['off_duty', 'Off duty']] as const;
const rank: Record<string, number> = { available: 0, busy: 1 };
const pathOf = (username: string): string => `/api/staff/${encodeURIComponent(username)}`;

function AddMember({ onClose }: { onClose: () => void }) {
  const action = useAction();
  const problem = (name: string) => (action.field === name ? action.problem : '');
  const add = async (form: FormData) => {
    const { data } = await send('POST', '/api/staff', {
      username: textOf(form, 'username'), password: String(form.get('password')), name: textOf(form, 'name'), role: textOf(form, 'role'),
    });
    staff.put(data);
  };
  return (
    <Dialog title="A new member of staff" submit="Add" action={action} onSubmit={add} onClose={onClose}>
      <Field label="User name" name="username" required maxLength={64} problem={problem('username')} />
      <Field label="Name" name="name" required maxLength={120} problem={problem('name')} />
      <Field label="Password" name="password" type="password" autoComplete="new-password" required problem={problem('password')} hint="At least 8 characters" />
      <Choice label="Role" name="role" options={roles} problem={problem('role')} />
    </Dialog>
  );
}

function OwnAvailability({ me }: { me: StaffMember | undefined }) {
  const { user } = useAuth();
  const action = useAction();
  const choose = (availability: Availability) => action.run(async () => {
    await send('PATCH', pathOf(user!.username), { availability });
    staff.put({ username: user!.username, availability });
  });
  return (
    <div className="segments" role="group" aria-label="You are">
      {own.map(([value, words]) => (
        <button key={value} type="button" aria-pressed={me?.availability === value} disabled={action.isBusy} onClick={() => choose(value)}>{words}</button>
      ))}
    </div>
  );
}

function Member({ member }: { member: StaffMember }) {
  const { may, user } = useAuth();
  const action = useAction();
  const change = () => action.run(async () => {
    const { data } = await send('PATCH', pathOf(member.username), { disabled: !member.disabled });
    staff.put(data);
  });
  return (
    <tr data-member={member.username}>
      <th scope="row">{member.name ?? member.username}<span className="hint"> {member.username}</span> <Simulated of={member} /></th>
      <td><Mark kind={member.disabled ? 'blocked' : member.availability ?? 'off_duty'}>{member.disabled ? 'disabled' : undefined}</Mark></td>
      <td>{member.role}</td>
      <td>{member.ward ?? ''}</td>
      {may('admin') && (
        <td>
          {member.username !== user?.username && (
            <button type="button" className="act" disabled={action.isBusy} onClick={change}
              aria-label={`${member.disabled ? 'Enable' : 'Disable'} ${member.username}`}>{member.disabled ? 'Enable' : 'Disable'}</button>)}
          {action.problem && <span className="problem" role="alert">{action.problem}</span>}
        </td>)}
    </tr>
  );
}

export function StaffPage() {
  const { rows, state, problem } = useStore(staff);
  const { may, user } = useAuth();
  const [isAdding, setIsAdding] = useState(false);
  const sorted = [...rows].sort((a, b) =>
    (rank[a.availability ?? ''] ?? 2) - (rank[b.availability ?? ''] ?? 2) || (a.name ?? a.username).localeCompare(b.name ?? b.username));
  const there = rows.filter(({ availability }) => availability === 'available').length;

  return (
    <section className="card wide" aria-labelledby="h-staff">
      <div className="head">
        <h2 id="h-staff">Staff</h2>
        <p className="hint" role="status">{state === 'ready' ? `${there} available` : ''}</p>
        <div className="tools">
          <OwnAvailability me={rows.find(({ username }) => username === user?.username)} />
          {may('admin') && <button type="button" className="small" onClick={() => setIsAdding(true)}>New member</button>}
        </div>
      </div>
      <Place state={state} isEmpty={rows.length === 0} problem={problem} again={staff.load} empty="Nobody yet." />
      {rows.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Staff">
          <table className="list" id="staff-list">
            <thead><tr><th scope="col">Name</th><th scope="col">Now</th><th scope="col">Role</th><th scope="col">Ward</th>{may('admin') && <th scope="col">Account</th>}</tr></thead>
            <tbody>{sorted.map((member) => <Member key={member.username} member={member} />)}</tbody>
          </table>
        </div>)}
      {isAdding && <AddMember onClose={() => setIsAdding(false)} />}
    </section>
  );
}
