// SPDX-License-Identifier: MIT
// Header: how the connection is, the bell, sound, the look, and who is here.
import { useEffect, useRef, useState } from 'react';
import { useAuth } from '../context/AuthContext.tsx';
import { useRoute, linkTo } from '../hooks/useRoute.ts';
import { useSocketIO } from '../hooks/useSocketIO.ts';
import { useStore } from '../hooks/useStore.ts';
import { preferencesMute, preferencesNow, preferencesSubscribe } from '../services/preferences.ts';
import { Icon } from './Icon.tsx';
import { RealtimeAlertsPanel } from './RealtimeAlertsPanel.tsx';

const preferences = { subscribe: preferencesSubscribe, now: preferencesNow };

function tripText(ms: number): string {
  return Number.isNaN(ms) ? '– ms' : `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function Connection() {
  const { link } = useSocketIO();
  return (
    <div className="link" id="link" data-state={link.state === 'off' ? 'connecting' : link.state}>
      <span className="dot" aria-hidden="true" />
      <span className="link-state" id="connection-state" role="status">{link.text}</span>
      <span className="link-how">
        <span className="link-transport" id="transport">{link.transport || 'no transport'}</span>
        <span className="link-trip" id="round-trip" title="Round trip">{tripText(link.tripMs)}</span>
      </span>
    </div>
  );
}

function MuteButton() {
  const { isMuted, sound } = useStore(preferences);
  const isSilent = isMuted || !sound;
  const words = isSilent ? 'Sound for critical alerts is off' : 'Sound for critical alerts is on';
  return (
    <button type="button" id="mute" className="icon" aria-pressed={isSilent} aria-label="Mute critical alerts" title={words}
      disabled={!sound} onClick={() => preferencesMute(!isMuted)}>
      <Icon name={isSilent ? 'muted' : 'sound'} />
    </button>
  );
}

export function ThemeButton() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? 'light');
  const other = theme === 'dark' ? 'light' : 'dark';

  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(system.matches ? 'dark' : 'light');
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, []);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);

  const choose = () => {
    setTheme(other);
    try {
      localStorage.setItem('peal-theme', other);
    } catch {
      // The choice then holds until the page is left.
    }
  };
  return (
    <button type="button" id="theme-toggle" className="icon" aria-label={`Switch to the ${other} look`} onClick={choose}>
      <Icon name="moon" />
    </button>
  );
}

export const Brand = ({ words }: { words: string }) => (
  <div className="brand">
    <img src="/favicon.svg" alt="" width="32" height="32" />
    <h1>Hospital <span>{words}</span></h1>
  </div>
);

function Pages() {
  const { may } = useAuth();
  const { page } = useRoute();
  const pages = [
    ['patients', 'Patients'], ['alerts', 'Alerts'], ['triage', 'Triage'], ['beds', 'Beds'], ['staff', 'Staff'],
    ...may('admin') ? [['audit', 'Audit']] : [],
    ['preferences', 'Preferences'],
  ] as [string, string][];
  // Where all of them do not fit, the present one is seen.
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [page]);
  return (
    <nav ref={nav} className="pages" aria-label="Pages">
      {pages.map(([name, words]) => (
        <a key={name} href={linkTo(name)} aria-current={page === name ? 'page' : undefined}>{words}</a>
      ))}
    </nav>
  );
}

export function Header() {
  const { user, logout } = useAuth();
  return (
    <header className="bar" id="bar">
      <Brand words={user?.username ?? ''} />
      <Connection />
      <div className="icons">
        <RealtimeAlertsPanel />
        <MuteButton />
        <ThemeButton />
        <button type="button" id="sign-out" className="icon" aria-label="Sign out" title={`Sign out ${user?.username ?? ''}`} onClick={() => void logout()}>
          <Icon name="out" />
        </button>
      </div>
      <Pages />
    </header>
  );
}
