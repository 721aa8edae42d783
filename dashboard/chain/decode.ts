import { nameIn, parametersIn, SIGNATURES } from './signatures.js';

/** A log as its contract meant it. */
export interface DecodedLog {
  readonly standard: string;
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly type: string; readonly value: string }[];
}

const WORD = 64;

/** What an event is called by its first topic alone, which standards may share: Transfer (ERC-20 or ERC-721). */
export function nameOfTopic(topic0: string): string | null {
  const known = SIGNATURES.filter((signature) => signature.topic0 === topic0.toLowerCase());
  const [first] = known;
  return first === undefined
    ? null
    : `${nameIn(first.declaration)} (${known.map(({ standard }) => standard).join(' or ')})`;
}

/** Null where the log is of no well-known kind, or not in its shape. */
export function decodeLog(topics: readonly string[], data: string): DecodedLog | null {
  const known = SIGNATURES.find(
    ({ topic0, declaration }) =>
      topic0 === topics[0]?.toLowerCase() &&
      parametersIn(declaration).filter(({ isIndexed }) => isIndexed).length === topics.length - 1,
  );
  if (known === undefined) return null;
  const indexed = topics.slice(1).map((topic) => topic.slice(2));
  const body = data.slice(2);
  let head = 0;
  const values = parametersIn(known.declaration).map(({ name, type, isIndexed }) => {
    const word = isIndexed ? indexed.shift() : body.slice(head++ * WORD, head * WORD);
    return { name, type, value: word?.length === WORD ? decodeWord(type, word, body) : null };
  });
  const whole = values.flatMap(({ name, type, value }) => (value === null ? [] : [{ name, type, value }]));
  return whole.length === values.length
    ? { standard: known.standard, name: nameIn(known.declaration), values: whole }
    : null;
}

/** The value of a word; of what has no fixed length, the word says where in the data it is. Null where it is not there. */
function decodeWord(type: string, word: string, data: string): string | null {
  if (type === 'address') return `0x${word.slice(-40)}`;
  if (type === 'bool') return BigInt(`0x${word}`) === 0n ? 'false' : 'true';
  if (type === 'string' || type.endsWith('[]')) return decodeTail(type, Number(BigInt(`0x${word}`)) * 2, data);
  const number = BigInt(`0x${word}`);
  return (type.startsWith('int') ? BigInt.asIntN(256, number) : number).toString();
}

function decodeTail(type: string, start: number, data: string): string | null {
  const length = data.slice(start, start + WORD);
  if (length.length < WORD) return null;
  const count = Number(BigInt(`0x${length}`));
  const body = data.slice(start + WORD);
  if (type === 'string') {
    const hex = body.slice(0, count * 2);
    const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
    return bytes.length === count ? new TextDecoder().decode(new Uint8Array(bytes)) : null;
  }
  if (body.length < count * WORD) return null;
  const words = body.slice(0, count * WORD).match(/.{64}/g) ?? [];
  return `[${words.map((item) => decodeWord(type.slice(0, -2), item, data)).join(', ')}]`;
}
