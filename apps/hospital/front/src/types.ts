// SPDX-License-Identifier: MIT
// types: what the program's HTTP routes and events carry.

export type Role = 'admin' | 'doctor' | 'nurse' | 'viewer';
export type Severity = 'info' | 'warning' | 'critical';
export type AlertStatus = 'active' | 'acknowledged' | 'resolved';
export type Level = 'low' | 'medium' | 'high' | 'critical';

// More than what is named here may come with each of them, and is kept.
interface Open {
  [more: string]: unknown;
}

export interface User {
  id: string | number;
  username: string;
  name?: string;
  role: Role;
}

// An alert of a patient, or of the whole hospital (without a patient). What
// another process sent past the program has no id.
export interface AlertRow extends Open {
  id?: number;
  patient_id?: string | null;
  of_patient?: boolean; // it came as one of a patient, and does not say of whom
  ward?: string | null;
  severity: Severity;
  message: string;
  timestamp: string;
  status?: AlertStatus;
  kind?: string;
  data?: unknown;
  acknowledged_by?: string | null;
  acknowledged_at?: string | null;
  resolved_by?: string | null;
  resolved_at?: string | null;
  escalation?: 'none' | 'doctor' | 'all';
  created_by?: string | null;
  simulated?: boolean;
}

export interface Vitals {
  heart_rate?: number;
  systolic?: number;
  spo2?: number;
  respiration?: number;
  temperature?: number;
  consciousness?: string;
  [more: string]: unknown;
}

export interface Risk extends Open {
  patient_id: string;
  score: number;
  level: Level;
  reasons?: unknown[];
  vitals?: Vitals;
  timestamp?: string;
}

export interface Patient extends Open {
  patient_id: string;
  name: string;
  ward?: string | null;
  assigned?: string[];
  bed_id?: string | null;
  status?: 'admitted' | 'discharged';
  simulated?: boolean;
}

export interface TriageEntry extends Open {
  id: number;
  patient_id: string;
  priority: number;
  complaint?: string | null;
  status: 'waiting' | 'in_progress' | 'done' | 'left';
  created_at?: string;
}

export interface Bed extends Open {
  bed_id: string;
  ward?: string | null;
  status: 'free' | 'occupied' | 'cleaning' | 'blocked';
  patient_id?: string | null;
}

export type Availability = 'available' | 'busy' | 'off_duty';

export interface StaffMember extends Open {
  username: string;
  name?: string | null;
  role: Role;
  ward?: string | null;
  availability?: Availability;
  disabled?: boolean;
}

export interface AuditEntry extends Open {
  id: number;
  timestamp: string;
  actor?: string | null;
  action?: string;
  subject?: string | null;
  body?: unknown;
}

export interface Preferences {
  severity: Severity;
  sound: boolean;
  wards: string[];
}
