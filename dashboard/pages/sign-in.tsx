import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { signIn } from '../api/session.js';
import { useSettings } from '../api/settings.js';
import { ThemeSwitch } from '../theme/theme-switch.js';
import { Mark } from '../ui/icons.js';
import { useTitle } from '../ui/use-title.js';

/** A token has no lines of its own: Enter is done with it. */
function submitOnEnter(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

/** Three parts of base64url with dots between them. */
const TOKEN_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** A token is pasted, or the demo's is taken with one click. */
export function SignIn({ endedBecause }: { readonly endedBecause: string | null }) {
  const { data: settings, isError, isPending } = useSettings();
  const demoToken = settings?.demoToken ?? null;
  const [problem, setProblem] = useState<string | null>(null);
  useTitle('Sign in');

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = form.get('token');
    const token = (typeof text === 'string' ? text : '').trim().replace(/^Bearer\s+/i, '');
    if (TOKEN_SHAPE.test(token)) signIn(token, form.has('remember'));
    else setProblem(token === '' ? 'Paste a token first.' : 'This is no token: one has three parts with dots between.');
  }

  // Whether there is a demo decides where everything else stands.
  if (isPending) return <main className="front" aria-busy="true" />;
  return (
    <main className="front">
      <div className="front-theme">
        <ThemeSwitch />
      </div>
      <div className="front-card">
        <h1>
          <Mark />
          ethhook analytics
        </h1>
        {endedBecause === null ? null : (
          <p className="front-reason" role="alert">
            You were signed out. {endedBecause}
          </p>
        )}
        {isError ? (
          <p className="front-reason" role="alert">
            The gateway cannot be reached. Check that it runs, then reload this page.
          </p>
        ) : null}
        {demoToken === null ? null : (
          <>
            <button type="button" className="primary wide" onClick={() => signIn(demoToken, true)}>
              Open the demo
            </button>
            <p className="front-or">or with a token of your own</p>
          </>
        )}
        <form onSubmit={submit} noValidate>
          <label htmlFor="token">Token</label>
          <textarea
            id="token"
            name="token"
            rows={3}
            autoComplete="off"
            spellCheck={false}
            aria-invalid={problem !== null}
            aria-describedby="token-help"
            onChange={() => setProblem(null)}
            onKeyDown={submitOnEnter}
          />
          <p
            id="token-help"
            className={problem === null ? 'muted' : 'problem'}
            role={problem === null ? undefined : 'alert'}
          >
            {problem ?? (
              <>
                Make one with <code>npx ethhook-analytics token --user you@example.com</code>
              </>
            )}
          </p>
          <label className="check">
            <input type="checkbox" name="remember" /> Stay signed in on this device
          </label>
          <button type="submit" className={demoToken === null ? 'primary wide' : 'wide'}>
            Sign in
          </button>
        </form>
      </div>
    </main>
  );
}
