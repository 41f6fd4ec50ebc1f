// SPDX-License-Identifier: MIT
// Dialog: a form above the page. The browser keeps the focus in it, closes it
// with Escape and gives the focus back.
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from 'react';
import type { Action } from '../hooks/useAction.ts';

interface DialogProps {
  title: string;
  submit: string;
  action: Action;
  onSubmit: (form: FormData) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
  isGrave?: boolean;
}

export function Dialog({ title, submit, action, onSubmit, onClose, children, isGrave = false }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();

  useEffect(() => {
    box.current?.showModal();
  }, []);

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    if (await action.run(() => onSubmit(form))) box.current?.close();
  };

  return (
    <dialog ref={box} className="dialog ask form" aria-labelledby={id} onClose={onClose}>
      <form onSubmit={send} noValidate>
        <h2 id={id}>{title}</h2>
        {children}
        <p className="problem" role="alert">{action.field ? '' : action.problem}</p>
        <div className="dialog-tools">
          <button type="button" className="small" onClick={() => box.current?.close()}>Cancel</button>
          <button type="submit" className={`small primary ${isGrave ? 'grave' : ''}`} disabled={action.isBusy}>{submit}</button>
        </div>
      </form>
    </dialog>
  );
}

export const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
