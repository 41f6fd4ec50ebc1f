// SPDX-License-Identifier: MIT
// RealtimeAlertsPanel: the bell of the header with how many alerts are unread,
// and the panel behind it: the list, one alert in full, what can be done.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useAlerts, type Alert } from '../context/AlertContext.tsx';
import { AlertActions, AlertDetails } from './AlertDetails.tsx';
import { Icon } from './Icon.tsx';
import { Mark, Simulated } from './marks.tsx';
import { Age } from './times.tsx';
import { VirtualList } from './VirtualList.tsx';

const grouped = new Intl.NumberFormat();
const keyOf = (alert: Alert): string => alert.id;
// What changed on the boards is shown there.
const isAlert = ({ source }: Alert): boolean => source === 'patient_alert' || source === 'hospital_alert';

function Row({ alert, onOpen }: { alert: Alert; onOpen: (alert: Alert) => void }) {
  return (
    <div className="alert-row" data-status={alert.type} data-unread={!alert.read}>
      <button type="button" className="alert-open" data-id={alert.id} onClick={() => onOpen(alert)}>
        <span className="alert-head">
          <Mark kind={alert.type} /> <strong>{alert.title}</strong> <Simulated of={alert.data} />
          {!alert.read && <span className="sr">unread</span>}
        </span>
        <span className="alert-words">{alert.message}</span>
      </button>
      <div className="alert-foot">
        <span className="hint"><Age of={alert.timestamp} />{alert.status !== 'active' && `, ${alert.status}`}</span>
        <AlertActions alert={alert} />
      </div>
    </div>
  );
}

// The parts of the panel that are there only while it is open.
function Panel({ onClose }: { onClose: () => void }) {
  const { alerts, unreadCount, markAsRead, markAllRead, clearAll } = useAlerts();
  const [openId, setOpenId] = useState<string | null>(null);
  const box = useRef<HTMLElement>(null);
  const lastOpen = useRef<string | null>(null);
  const shown = alerts[0] && !isAlert(alerts[0]) ? alerts.filter(isAlert) : alerts;
  const opened = openId === null ? undefined : alerts.find(({ id }) => id === openId);

  const open = useCallback((alert: Alert) => {
    markAsRead(alert.id);
    setOpenId(alert.id);
  }, [markAsRead]);

  // The focus goes with what is shown: in, to the details, and back.
  useEffect(() => {
    const target = openId !== null ? '.panel-back' : lastOpen.current !== null ? `[data-id="${lastOpen.current}"]` : '.panel-close';
    box.current?.querySelector<HTMLElement>(target)?.focus();
    lastOpen.current = openId;
  }, [openId]);

  return (
    <section ref={box} id="alerts-panel" className="panel" role="dialog" aria-label="Alerts">
      <div className="panel-head">
        {opened ? (
          <button type="button" className="icon panel-back" aria-label="Back to all alerts" onClick={() => setOpenId(null)}><Icon name="back" /></button>
        ) : <h2>Alerts</h2>}
        {!opened && <p className="hint">{grouped.format(unreadCount)} unread</p>}
        <button type="button" className="icon panel-close" aria-label="Close the alerts" onClick={onClose}><Icon name="close" /></button>
      </div>
      {opened && <AlertDetails alert={opened} />}
      {!opened && shown.length === 0 && <p className="place">No alerts yet. They appear here by themselves.</p>}
      {!opened && shown.length > 0 && (
        <VirtualList items={shown} keyOf={keyOf} rowRem={7.5} label="Alerts, newest first">
          {(alert) => <Row alert={alert} onOpen={open} />}
        </VirtualList>)}
      {!opened && (
        <div className="panel-foot">
          <button type="button" className="small" disabled={unreadCount === 0} onClick={markAllRead}>Mark all read</button>
          <button type="button" className="small" disabled={shown.length === 0} onClick={clearAll}>Clear the list</button>
          <a className="small button" href="#/alerts" onClick={onClose}>All alerts</a>
        </div>)}
    </section>
  );
}

export function RealtimeAlertsPanel() {
  const { unreadCount } = useAlerts();
  const [isOpen, setIsOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const bell = useRef<HTMLButtonElement>(null);

  const close = useCallback(() => {
    setIsOpen(false);
    bell.current?.focus();
  }, []);

  useEffect(() => {
    if (!isOpen) return undefined;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && close();
    const onPress = (event: PointerEvent) => {
      if (!place.current?.contains(event.target as Node)) setIsOpen(false);
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onPress);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onPress);
    };
  }, [isOpen, close]);

  const count = grouped.format(unreadCount);
  return (
    <div ref={place} className="bell-place">
      <button ref={bell} type="button" id="bell" className="icon bell" aria-label={`Alerts, ${count} unread`} aria-expanded={isOpen}
        aria-controls={isOpen ? 'alerts-panel' : undefined} onClick={() => setIsOpen(!isOpen)}>
        <Icon name="bell" />
        {unreadCount > 0 && <span className="bell-count" id="unread-count" aria-hidden="true">{count}</span>}
      </button>
      {isOpen && <Panel onClose={close} />}
    </div>
  );
}

export default RealtimeAlertsPanel;
