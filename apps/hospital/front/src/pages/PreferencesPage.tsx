// SPDX-License-Identifier: MIT
// PreferencesPage: which alerts one wants to see and hear, and one's account.
import { useEffect, useState, type FormEvent } from 'react';
import { Choice, Field } from '../components/Field.tsx';
import { Place } from '../components/Place.tsx';
import { useAuth } from '../context/AuthContext.tsx';
import { useAction } from '../hooks/useAction.ts';
import { useStore } from '../hooks/useStore.ts';
import { alarmSound, notifyAsk, notifyPermission } from '../services/alarm.ts';
import { preferencesLoad, preferencesNow, preferencesSave, preferencesSubscribe } from '../services/preferences.ts';
import { send } from '../services/session.ts';
import type { Severity } from '../types.ts';

const store = { subscribe: preferencesSubscribe, now: preferencesNow };
const severities = [['info', 'All alerts'], ['warning', 'Warning and critical'], ['critical', 'Critical alone']] as const;
const permissions = {
  default: 'Not asked yet.', granted: 'Allowed: critical alerts are shown while this page is in the background.',
  denied: 'This browser has been told not to. That is changed in its settings.', none: 'This browser has none.',
};

function Shown() {
  const { severity, sound, wards, isKnown } = useStore(store);
  const action = useAction();
  const [isSaved, setIsSaved] = useState(false);
  useEffect(() => {
    if (!isKnown) void preferencesLoad();
  }, [isKnown]);

  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsSaved(await action.run(() => preferencesSave({
      severity: String(form.get('severity')) as Severity,
      sound: form.get('sound') !== null,
      wards: String(form.get('wards')).split(',').map((ward) => ward.trim()).filter(Boolean),
    })));
  };
  return (
    <section className="card" aria-labelledby="h-shown">
      <div className="head"><h2 id="h-shown">What you are alerted of</h2></div>
      <Place state={isKnown ? 'ready' : 'loading'} isEmpty={!isKnown} empty="" />
      {isKnown && (
        <form className="form" key={`${severity} ${sound} ${wards}`} onSubmit={save} onChange={() => setIsSaved(false)}>
          <Choice label="Severity" name="severity" defaultValue={severity} options={severities} />
          <Field label="Wards, separated by commas" name="wards" defaultValue={wards.join(', ')} hint="None: all wards. Critical alerts come whatever the severity says." problem={action.field ? action.problem : ''} />
          <label className="check"><input type="checkbox" name="sound" defaultChecked={sound} /> Sound for critical alerts</label>
          <p className="problem" role="alert">{action.field ? '' : action.problem}</p>
          <div className="acts">
            <button type="submit" className="small primary" disabled={action.isBusy}>Save</button>
            <span className="hint" role="status">{isSaved ? 'Saved.' : ''}</span>
          </div>
        </form>)}
    </section>
  );
}

function ThisBrowser() {
  const [permission, setPermission] = useState(notifyPermission);
  return (
    <section className="card" aria-labelledby="h-browser">
      <div className="head"><h2 id="h-browser">This browser</h2></div>
      <p className="hint">Notifications: {permissions[permission]}</p>
      <div className="acts">
        {permission === 'default' && <button type="button" className="small" onClick={async () => setPermission(await notifyAsk())}>Allow notifications</button>}
        <button type="button" className="small" onClick={alarmSound}>Try the sound</button>
      </div>
    </section>
  );
}

function Account() {
  const { user, logout } = useAuth();
  const action = useAction();
  const [isDone, setIsDone] = useState(false);
  const change = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const node = event.currentTarget;
    const form = new FormData(node);
    const wasDone = await action.run(() => send('POST', '/api/auth/password',
      { password: String(form.get('password')), new_password: String(form.get('new_password')) }));
    setIsDone(wasDone);
    if (wasDone) node.reset();
  };
  return (
    <section className="card" aria-labelledby="h-account">
      <div className="head"><h2 id="h-account">Account</h2><p className="hint">{user?.username}, {user?.role}</p></div>
      <form className="form" onSubmit={change}>
        <Field label="Present password" name="password" type="password" autoComplete="current-password" problem={action.field === 'password' ? action.problem : ''} />
        <Field label="New password" name="new_password" type="password" autoComplete="new-password" problem={action.field === 'new_password' ? action.problem : ''} />
        <p className="problem" role="alert">{action.field ? '' : action.problem}</p>
        <div className="acts">
          <button type="submit" className="small" disabled={action.isBusy}>Change the password</button>
          <button type="button" className="small" onClick={() => void logout(true)}>Sign out everywhere</button>
          <span className="hint" role="status">{isDone ? 'Changed.' : ''}</span>
        </div>
      </form>
    </section>
  );
}

export const PreferencesPage = () => (
  <div className="wide columns">
    <h2 className="sr">Preferences</h2>
    <Shown />
    <ThisBrowser />
    <Account />
  </div>
);
