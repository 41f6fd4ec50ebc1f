// SPDX-License-Identifier: MIT
// App: who is signed in sees the page that the address names.
import { Layout } from './components/Layout.tsx';
import { AlertProvider } from './context/AlertContext.tsx';
import { AuthProvider, useAuth } from './context/AuthContext.tsx';
import { useRoute } from './hooks/useRoute.ts';
import { AlertsPage } from './pages/AlertsPage.tsx';
import { AuditPage } from './pages/AuditPage.tsx';
import { BedsPage } from './pages/BedsPage.tsx';
import { LoginPage } from './pages/LoginPage.tsx';
import { PatientPage } from './pages/PatientPage.tsx';
import { PatientsPage } from './pages/PatientsPage.tsx';
import { PreferencesPage } from './pages/PreferencesPage.tsx';
import { StaffPage } from './pages/StaffPage.tsx';
import { TriagePage } from './pages/TriagePage.tsx';

const pages: Record<string, [string, () => React.ReactNode]> = {
  patients: ['Patients', () => <PatientsPage />],
  alerts: ['Alerts', () => <AlertsPage />],
  triage: ['Triage', () => <TriagePage />],
  beds: ['Beds', () => <BedsPage />],
  staff: ['Staff', () => <StaffPage />],
  audit: ['Audit', () => <AuditPage />],
  preferences: ['Preferences', () => <PreferencesPage />],
};

const nothing: [string, () => React.ReactNode] =
  ['Not found', () => <section className="card wide"><h2>There is no such page</h2><p><a href="#/patients">To the patients</a></p></section>];

function Pages() {
  const { page, id } = useRoute();
  const { user, isKnown, refreshUser } = useAuth();
  if (!user) {
    return isKnown ? <LoginPage onRetry={refreshUser} /> : <p className="noscript" role="status">Loading…</p>;
  }
  if (page === 'patients' && id) {
    return <Layout title={`Patient ${id}`} place={`patients/${id}`}><PatientPage key={id} id={id} /></Layout>;
  }
  const [title, show] = pages[page] ?? nothing;
  return <Layout title={title} place={page}>{show()}</Layout>;
}

export const App = () => (
  <AuthProvider>
    <AlertProvider>
      <Pages />
    </AlertProvider>
  </AuthProvider>
);
