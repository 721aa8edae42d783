const FILLED_IN = 'ethhook:demo-token';
/** What GraphiQL remembers: the headers, and those of each tab. */
const REMEMBERED = ['graphiql:headers', 'graphiql:tabState'];

/** What the headers editor starts with where its user has left nothing there. */
export const headersWith = (token: string | null): string =>
  JSON.stringify({ authorization: `Bearer ${token ?? ''}` }, null, 2);

/** Wherever the demo token of an earlier start is remembered, the present one takes its place. */
export function renewDemoToken(token: string | null, storage: Storage): void {
  const earlier = storage.getItem(FILLED_IN);
  if (token === null) return;
  storage.setItem(FILLED_IN, token);
  if (earlier === null || earlier === token) return;
  for (const key of REMEMBERED) {
    const text = storage.getItem(key);
    if (text?.includes(earlier)) storage.setItem(key, text.replaceAll(earlier, token));
  }
}
