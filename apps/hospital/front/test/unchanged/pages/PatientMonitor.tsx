// SPDX-License-Identifier: MIT
// PatientMonitor: watches one patient by the hook, the context and the service.
import { useEffect, useState } from 'react';
import { useAlerts } from '../context/AlertContext';
import { useSocketIO } from '../hooks/useSocketIO';
import { getSocketService } from '../services/socketService';

export function PatientMonitor({ patientId }: { patientId: string }) {
  const { joinPatientMonitoring, leavePatientMonitoring, joinHospitalUpdates, joinTriageQueue } = useSocketIO();
  const { alerts } = useAlerts();
  const [risk, setRisk] = useState('none');

  useEffect(() => {
    joinPatientMonitoring(patientId);
    joinHospitalUpdates('main');
    joinTriageQueue();
    return () => leavePatientMonitoring(patientId);
  }, [patientId]);

  useEffect(() => {
    const onRisk = (data: any) => {
      if (data.patient_id === patientId) setRisk(`${data.risk_level} ${(data.risk_score * 100).toFixed(0)}%`);
    };
    const socketService = getSocketService();
    socketService.on('risk_updated', onRisk);
    return () => socketService.off('risk_updated', onRisk);
  }, [patientId]);

  const own = alerts.filter((a) => a.data?.patient_id === patientId && a.source === 'patient_alert');
  return (
    <section>
      <h2>Patient {patientId}</h2>
      <p id="critical">{own.filter((a) => a.type === 'critical').length}</p>
      <p id="warnings">{own.filter((a) => a.type === 'warning').length}</p>
      <p id="risk">{risk}</p>
    </section>
  );
}
