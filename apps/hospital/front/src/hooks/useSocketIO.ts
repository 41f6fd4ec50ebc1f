// SPDX-License-Identifier: MIT
// useSocketIO: the connection for components. It stands from sign-in to
// sign-out; the functions are the same ones in every render.
import { useSyncExternalStore } from 'react';
import { socketService, type Answer } from '../services/socketService.ts';

const actions = {
  joinPatientMonitoring: (patientId: string): Promise<Answer> => socketService.joinPatientMonitoring(patientId),
  leavePatientMonitoring: (patientId: string): void => socketService.leavePatientMonitoring(patientId),
  joinHospital: (hospitalId?: string): Promise<Answer> => socketService.joinHospital(hospitalId),
  leaveHospital: (hospitalId?: string): void => socketService.leaveHospital(hospitalId),
  joinHospitalUpdates: (hospitalId?: string): Promise<Answer> => socketService.joinHospital(hospitalId),
  leaveHospitalUpdates: (hospitalId?: string): void => socketService.leaveHospital(hospitalId),
  joinTriage: (): Promise<Answer> => socketService.joinTriage(),
  leaveTriage: (): void => socketService.leaveTriage(),
  joinTriageQueue: (): Promise<Answer> => socketService.joinTriage(),
  leaveTriageQueue: (): void => socketService.leaveTriage(),
  ackAlert: (alertId: number | string): Promise<Answer> => socketService.ackAlert(Number(alertId)),
  on: socketService.on.bind(socketService),
  off: socketService.off.bind(socketService),
  emit: socketService.emit.bind(socketService),
};

export function useSocketIO() {
  const link = useSyncExternalStore(socketService.subscribe, socketService.link);
  return { ...actions, link, isConnected: link.state === 'live', socket: socketService.getSocket() };
}

export default useSocketIO;
