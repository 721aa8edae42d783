import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

/** theme.js reads it too, before the first paint. */
const KEY = 'ethhook:theme';
const listeners = new Set<() => void>();
const system = window.matchMedia('(prefers-color-scheme: dark)');
const notify = (): void => {
  for (const listener of listeners) listener();
};
system.addEventListener('change', notify);

function chosen(): Theme {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Then it lasts as long as this page.
  }
  notify();
}

/** Heard whenever another theme is shown, whoever chose it: canvases have to be drawn anew. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(onThemeChange, chosen);
