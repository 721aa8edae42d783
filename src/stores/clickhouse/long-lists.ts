/** ClickHouse takes 128 KiB of one parameter (http_max_field_value_size), in a URL nearly 3,000 UUIDs. */
const MAX_ITEMS = 2_000;

interface Parametrised {
  readonly query: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The same query with lists that are too long for one parameter bound in parts. */
export function withLongLists({ query, params }: Parametrised): Parametrised {
  const long = Object.entries(params).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > MAX_ITEMS ? [{ name, parts: partsOf(name, value) }] : [],
  );
  return long.reduce(
    (bound, { name, parts }) => ({
      query: bound.query.replaceAll(
        new RegExp(`\\{${name}:(\\w+\\(\\w+\\))\\}`, 'g'),
        (_placeholder, type) => `arrayConcat(${Object.keys(parts).map((part) => `{${part}:${type}}`)})`,
      ),
      params: { ...bound.params, [name]: undefined, ...parts },
    }),
    { query, params },
  );
}

const partsOf = (name: string, list: readonly unknown[]): Record<string, unknown> =>
  Object.fromEntries(
    Array.from({ length: Math.ceil(list.length / MAX_ITEMS) }, (_, part) => [
      `${name}Part${part}`,
      list.slice(part * MAX_ITEMS, (part + 1) * MAX_ITEMS),
    ]),
  );
