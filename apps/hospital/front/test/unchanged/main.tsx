// SPDX-License-Identifier: MIT
// main: a page in the way the first edition's guide has it, AlertProvider
// around AuthProvider, of components that know only the names.
import { createRoot } from 'react-dom/client';
import { AlertProvider } from './context/AlertContext';
import { AuthProvider } from './context/AuthContext';
import RealtimeAlertsPanel from './components/RealtimeAlertsPanel';
import { AlertsDropdown } from './pages/AlertsDropdown';
import { BoardLog } from './pages/BoardLog';
import { PatientMonitor } from './pages/PatientMonitor';
import { StaffLogin } from './pages/StaffLogin';

createRoot(document.getElementById('root')!).render(
  <AlertProvider>
    <AuthProvider>
      <header><RealtimeAlertsPanel /></header>
      <StaffLogin />
      <PatientMonitor patientId="7" />
      <AlertsDropdown />
      <BoardLog />
    </AuthProvider>
  </AlertProvider>,
);
