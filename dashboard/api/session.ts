import { useSyncExternalStore } from 'react';

/** Who is signed in, or why nobody is any more. */
export interface Session {
  readonly token: string | null;
  readonly endedBecause: string | null;
}

const KEY = 'ethhook:token';
const listeners = new Set<() => void>();
let session: Session = { token: remembered(), endedBecause: null };

/** Storage that a browser refuses, as some do in private windows, only costs the memory of the next visit. */
function remembered(): string | null {
  try {
    return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(token: string | null, onThisDevice: boolean): void {
  try {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
    if (token !== null) (onThisDevice ? localStorage : sessionStorage).setItem(KEY, token);
  } catch {
    // See above.
  }
}

function change(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

export const currentToken = (): string | null => session.token;

/** The token stays in this tab, or on this device until it is signed out. It is in no URL, ever. */
export function signIn(token: string, onThisDevice: boolean): void {
  remember(token, onThisDevice);
  change({ token, endedBecause: null });
}

/** With a reason where it was not the user who ended it. */
export function signOut(because: string | null = null): void {
  if (session.token === null) return;
  remember(null, false);
  change({ token: null, endedBecause: because });
}

// Signed out in one tab is signed out in all.
window.addEventListener('storage', ({ key, oldValue, newValue }) => {
  if (key === KEY && newValue === null && oldValue === session.token) change({ token: null, endedBecause: null });
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session);
