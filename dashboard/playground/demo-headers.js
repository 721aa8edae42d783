const FILLED_IN = 'ethhook:demo-token';
const REMEMBERED = 'graphiql:headers';

const headersWith = (token) =>
  JSON.stringify({ authorization: token === null ? 'Bearer ' : `Bearer ${token}` }, null, 2);

/**
 * What the headers editor starts with: what its user left there, unless that is nothing or a demo token of an
 * earlier start, which the present one replaces.
 */
export function initialHeaders(demoToken, storage) {
  const remembered = storage.getItem(REMEMBERED) ?? '';
  const earlier = storage.getItem(FILLED_IN);
  const isOurs = remembered.trim() === '' || (earlier !== null && remembered.includes(earlier));
  if (demoToken !== null) storage.setItem(FILLED_IN, demoToken);
  return isOurs ? headersWith(demoToken) : remembered;
}
