// SPDX-License-Identifier: MIT
// Layout: what surrounds every page: header, the words for screen readers, and
// a line when what is shown may be old.
import { useEffect, useRef, useSyncExternalStore, type ReactNode } from 'react';
import { useSocketIO } from '../hooks/useSocketIO.ts';
import { alarmSubscribe, alarmWords } from '../services/alarm.ts';
import { Header } from './Header.tsx';

function Words() {
  const words = useSyncExternalStore(alarmSubscribe, alarmWords);
  const isGrave = words.startsWith('critical');
  return (
    <div className="sr">
      <p role="alert" id="said-grave">{isGrave ? words : ''}</p>
      <p role="status" id="said">{isGrave ? '' : words}</p>
    </div>
  );
}

interface LayoutProps {
  title: string;
  place: string; // another one: another page
  children: ReactNode;
}

export function Layout({ title, place, children }: LayoutProps) {
  const { link } = useSocketIO();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(place);

  // Another page: its name in the title, and the focus at its beginning.
  useEffect(() => {
    document.title = `${title} – Hospital`;
    if (shown.current === place) return;
    shown.current = place;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [title, place]);

  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>Skip to the page</a>
      <Header />
      <div className="strip" role="status">
        {link.state === 'lost' && <p>The connection was lost. What you see may be old; it comes back by itself.</p>}
      </div>
      <main id="main" ref={main} className={`board ${link.state === 'lost' ? 'cut' : ''}`} tabIndex={-1} aria-label={title}>{children}</main>
      <Words />
    </>
  );
}
