// SPDX-License-Identifier: MIT
// Field: a name, what is filled in, and what is wrong with it.
import { useId, type InputHTMLAttributes, type SelectHTMLAttributes } from 'react';

interface Named {
  label: string;
  problem?: string;
  hint?: string;
}

export function Field({ label, problem, hint, ...rest }: Named & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input type="text" autoComplete="off" id={id} aria-invalid={problem ? true : undefined}
        aria-describedby={problem || hint ? `${id}-words` : undefined} {...rest} />
      {(problem || hint) && <p className={problem ? 'problem' : 'hint'} id={`${id}-words`} role={problem ? 'alert' : undefined}>{problem || hint}</p>}
    </div>
  );
}

export function Choice({ label, options, problem, ...rest }: Named & SelectHTMLAttributes<HTMLSelectElement> & { options: readonly (readonly [string, string])[] }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} aria-invalid={problem ? true : undefined} {...rest}>
        {options.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
      </select>
      {problem && <p className="problem" role="alert">{problem}</p>}
    </div>
  );
}
