import { chooseTheme, type Theme, useTheme } from './theme.js';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const SAID: Record<Theme, string> = { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };

/** Goes round: as the system, light, dark. */
export function ThemeSwitch() {
  const theme = useTheme();
  return (
    <button
      type="button"
      className="icon-button"
      onClick={() => chooseTheme(NEXT[theme])}
      aria-label={SAID[theme]}
      title={SAID[theme]}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        {theme === 'dark' ? (
          <path d="M15.5 12.2A6 6 0 0 1 7.8 4.5a6 6 0 1 0 7.7 7.7Z" className="filled" />
        ) : (
          <>
            <circle cx="10" cy="10" r="4" className={theme === 'light' ? 'filled' : undefined} />
            {theme === 'system' ? <path d="M10 6a4 4 0 0 1 0 8Z" className="filled" /> : null}
            <path d="M10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.5 1.5M14.2 14.2l1.5 1.5M4.3 15.7l1.5-1.5M14.2 5.8l1.5-1.5" />
          </>
        )}
      </svg>
    </button>
  );
}
