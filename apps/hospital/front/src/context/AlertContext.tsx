// SPDX-License-Identifier: MIT
// AlertContext: alerts for components. It opens the connection when someone is
// signed in, and closes it behind them; the alerts themselves are in a store
// outside React, which is looked at once per picture.
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore, type ReactNode } from 'react';
import { alarmHear } from '../services/alarm.ts';
import { alertStore, type Alert, type NewAlert } from '../services/alertStore.ts';
import { intakeStart, intakeStop } from '../services/intake.ts';
import { alertRow } from '../services/payloads.ts';
import { sessionNow, sessionSubscribe } from '../services/session.ts';
import { socketService, type Answer } from '../services/socketService.ts';

export type { Alert, AlertSource, AlertType } from '../services/alertStore.ts';

export interface AlertContextType {
  alerts: readonly Alert[]; // newest first
  unreadCount: number;
  totalCount: number; // alerts that came since sign-in, each once
  isConnected: boolean;
  addAlert: (alert: NewAlert) => void;
  removeAlert: (id: string) => void;
  markAsRead: (id: string) => void;
  markAllAsRead: () => void;
  markAllRead: () => void;
  clearAll: () => void;
  clearAlerts: () => void;
  acknowledgeAlert: (id: string | number) => Promise<Answer>;
  resolveAlert: (id: string | number) => Promise<Answer>;
}

// What was done is shown by the answer already, before the others hear of it.
async function change(event: string, id: string | number): Promise<Answer> {
  if (!Number.isInteger(Number(id))) {
    alertStore.markRead(String(id));
    return { status: 'success' };
  }
  const answer = await socketService.ask(event, { alert_id: Number(id) });
  const row = answer.status === 'success' ? alertRow(answer.alert) : null;
  if (row) alertStore.takeAll([row]);
  return answer;
}

const actions = {
  addAlert: (alert: NewAlert) => void alertStore.add(alert),
  removeAlert: (id: string) => alertStore.remove(id),
  markAsRead: (id: string) => alertStore.markRead(id),
  markAllAsRead: () => alertStore.markAllRead(),
  markAllRead: () => alertStore.markAllRead(),
  clearAll: () => alertStore.clear(),
  clearAlerts: () => alertStore.clear(),
  acknowledgeAlert: (id: string | number) => change('ack_alert', id),
  resolveAlert: (id: string | number) => change('resolve_alert', id),
};

const AlertContext = createContext<AlertContextType | undefined>(undefined);

const isLive = (): boolean => socketService.link().state === 'live';

export function AlertProvider({ children }: { children: ReactNode }) {
  // Of the session itself: so it may stand within AuthProvider, or around it.
  const { user } = useSyncExternalStore(sessionSubscribe, sessionNow);
  const now = useSyncExternalStore(alertStore.subscribe, alertStore.now);
  const isConnected = useSyncExternalStore(socketService.subscribe, isLive);
  const who = user && `${user.id} ${user.role}`;

  useEffect(() => alertStore.onFresh(alarmHear), []);
  useEffect(() => {
    if (!who) return undefined;
    intakeStart();
    return intakeStop;
  }, [who]);

  const value = useMemo<AlertContextType>(() => ({
    ...actions, alerts: now.alerts, unreadCount: now.unread, totalCount: now.total, isConnected,
  }), [now, isConnected]);

  return <AlertContext.Provider value={value}>{children}</AlertContext.Provider>;
}

export function useAlerts(): AlertContextType {
  const context = useContext(AlertContext);
  if (!context) throw new Error('useAlerts() is for components within AlertProvider.');
  return context;
}

export default AlertContext;
