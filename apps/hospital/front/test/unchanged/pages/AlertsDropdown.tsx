// SPDX-License-Identifier: MIT
// AlertsDropdown: a list of its own over useAlerts().
import { useAlerts } from '../context/AlertContext';

export function AlertsDropdown() {
  const { alerts, unreadCount, addAlert, removeAlert, markAsRead, clearAll } = useAlerts();
  return (
    <section>
      <p id="unread">{unreadCount}</p>
      <ul id="dropdown">
        {alerts.map((alert) => (
          <li key={alert.id} data-type={alert.type} data-source={alert.source} data-read={alert.read}>
            <strong>{alert.title}</strong> {alert.message} {new Date(alert.timestamp).getFullYear()}
            <button onClick={() => markAsRead(alert.id)}>Read</button>
            <button onClick={() => removeAlert(alert.id)}>Remove</button>
          </li>
        ))}
      </ul>
      <button id="add" onClick={() => addAlert({ type: 'info', source: 'hospital_alert', title: 'Own', message: 'made here', data: {} })}>Add</button>
      <button id="clear" onClick={clearAll}>Clear</button>
    </section>
  );
}
