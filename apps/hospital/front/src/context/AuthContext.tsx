// SPDX-License-Identifier: MIT
// AuthContext: who is signed in, for components.
import {
  createContext, useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode,
} from 'react';
import { sessionNow, sessionResume, sessionSignIn, sessionSignOut, sessionSubscribe, type Why } from '../services/session.ts';
import type { User } from '../types.ts';

export interface AuthUser extends User {
  id: string;
  name: string;
  staffId: string;
  hospitalId: string;
}

export interface AuthContextType {
  user: AuthUser | null;
  isAuthenticated: boolean;
  loading: boolean;
  isKnown: boolean; // false: whether someone is signed in is still being asked
  error: string | null;
  why: Why; // how the last sign-in ended
  // Name and password; a hospital in front of them is that of the first edition.
  login: (...words: [string, string] | [string, string, string]) => Promise<boolean>;
  logout: (everywhere?: boolean) => Promise<void>;
  refreshUser: () => Promise<void>;
  clearError: () => void;
  may: (...roles: User['role'][]) => boolean;
}

const AuthContext = createContext<AuthContextType | undefined>(undefined);

const authUser = (user: User): AuthUser => ({
  ...user, id: String(user.id), name: user.name ?? user.username, staffId: user.username, hospitalId: 'main',
});

export function AuthProvider({ children }: { children: ReactNode }) {
  const session = useSyncExternalStore(sessionSubscribe, sessionNow);
  const [loading, setLoading] = useState(false);
  const [isKnown, setIsKnown] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const tryTo = useCallback(async (work: () => Promise<void>) => {
    setLoading(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (problem) {
      setError((problem as Error).message);
      throw problem;
    } finally {
      setLoading(false);
    }
  }, []);

  const refreshUser = useCallback(async () => {
    await tryTo(sessionResume).catch(() => {});
    setIsKnown(true);
  }, [tryTo]);

  useEffect(() => void refreshUser(), [refreshUser]);

  const value = useMemo<AuthContextType>(() => ({
    user: session.user && authUser(session.user),
    isAuthenticated: session.user !== null,
    loading,
    isKnown,
    error,
    why: session.why,
    login: (...words) => tryTo(() => sessionSignIn(words.at(-2)!, words.at(-1)!)),
    logout: (everywhere) => sessionSignOut(everywhere === true).catch(() => {}),
    refreshUser,
    clearError: () => setError(null),
    may: (...roles) => session.user !== null && roles.includes(session.user.role),
  }), [session, loading, isKnown, error, tryTo, refreshUser]);

  return <AuthContext.Provider value={value}>{children}</AuthContext.Provider>;
}

export function useAuth(): AuthContextType {
  const context = useContext(AuthContext);
  if (!context) throw new Error('useAuth() is for components within AuthProvider.');
  return context;
}

export default AuthContext;
