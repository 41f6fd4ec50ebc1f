// SPDX-License-Identifier: MIT
// LoginPage: name and password.
import { useRef, useState, type FormEvent } from 'react';
import { Brand, ThemeButton } from '../components/Header.tsx';
import { Field } from '../components/Field.tsx';
import { useAuth } from '../context/AuthContext.tsx';

const reasons = { out: 'You have signed out.', expired: 'Your sign-in has ended. Please sign in again.', '': '' };

export function LoginPage({ onRetry }: { onRetry: () => Promise<void> }) {
  const { login, loading, error, why } = useAuth();
  const [missing, setMissing] = useState('');
  const form = useRef<HTMLFormElement>(null);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const username = String(data.get('username')).trim();
    const password = String(data.get('password'));
    const empty = username ? password ? '' : 'password' : 'username';
    setMissing(empty);
    if (empty) return form.current?.querySelector<HTMLElement>(`[name=${empty}]`)?.focus();
    await login(username, password).catch(() => form.current?.querySelector<HTMLElement>('[name=password]')?.focus());
  };

  return (
    <>
      <header className="bar door" id="bar">
        <Brand words="alerts" />
        <div className="icons door-icons"><ThemeButton /></div>
      </header>
      <main id="main" className="door-main" tabIndex={-1}>
        <section className="card door-card" aria-labelledby="h-form">
          <h2 id="h-form">Sign in</h2>
          {reasons[why] && <p className="why" role="status">{reasons[why]}</p>}
          <form ref={form} id="sign-in-form" method="post" noValidate onSubmit={submit}>
            <Field label="User name" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={64} autoFocus
              problem={missing === 'username' ? 'Please enter your user name.' : ''} />
            <Field label="Password" name="password" type="password" autoComplete="current-password" maxLength={1024}
              problem={missing === 'password' ? 'Please enter your password.' : ''} />
            <p className="problem" id="form-problem" role="alert">{error ?? ''}</p>
            <button type="submit" id="sign-in-submit" className="primary" disabled={loading}>Sign in</button>
          </form>
          {error?.includes('cannot be reached') && <button type="button" className="small again" onClick={() => void onRetry()}>Try again</button>}
          <p className="hint door-hint">The first administrator is <strong>admin</strong>; unless a password was set, it is in <code>admin.password</code> of the program’s data folder.</p>
        </section>
      </main>
    </>
  );
}
