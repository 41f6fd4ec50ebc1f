// SPDX-License-Identifier: MIT
// BoardLog: hears of all boards by the names of the first edition.
import { useEffect, useState } from 'react';
import { getSocketService } from '../services/socketService';

const words: Record<string, (data: any) => string> = {
  triage_updated: (data) => `triage ${data.triage_id} ${data.patient_id} ${data.status}`,
  staff_availability_changed: (data) => `staff ${data.staff_type} ${data.staff_id} ${data.available}`,
  bed_status_changed: (data) => `bed ${data.bed_info.bed_id} ${data.bed_info.status} ${data.hospital_id}`,
  hospital_alert: (data) => `hospital ${data.hospital_id} ${data.alert_type} ${data.message}`,
  patient_alert: (data) => `patient ${data.patient_id} ${data.alert_type} ${data.message}`,
  connection_response: (data) => `response ${data.sid ? 'with' : 'without'} sid`,
  room_joined: (data) => `joined ${data.room} ${data.status}`,
  socket_connected: () => 'connected',
  socket_disconnected: () => 'disconnected',
};

export function BoardLog() {
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    const socketService = getSocketService();
    const callbacks = Object.entries(words).map(([event, say]) => {
      const callback = (data: any) => setLines((prev) => [...prev, say(data)]);
      socketService.on(event, callback);
      return [event, callback] as const;
    });
    return () => callbacks.forEach(([event, callback]) => socketService.off(event, callback));
  }, []);
  return <pre id="board-log">{lines.join('\n')}</pre>;
}
