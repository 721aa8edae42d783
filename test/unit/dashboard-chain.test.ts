import { describe, expect, test } from '@jest/globals';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeLog, nameOfTopic } from '../../dashboard/chain/decode.js';
import { nameIn, parametersIn, SIGNATURES } from '../../dashboard/chain/signatures.js';

const word = (value: bigint | number): string => BigInt(value).toString(16).padStart(64, '0');
const ALICE = `0x${'a1'.repeat(20)}`;
const BOB = `0x${'b0'.repeat(20)}`;
const topicOf = (address: string): string => `0x${address.slice(2).padStart(64, '0')}`;
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const TRANSFER_BATCH = '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb';
const URI = '0x6bb7ff708619ba0610cba295a58592e0451dee2622938c8755667688daf3529b';
const SWAP_V3 = '0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67';

const valuesOf = (topics: readonly string[], data: string): unknown =>
  decodeLog(topics, data)?.values.map(({ name, value }) => `${name}=${value}`);

describe('a log of a well-known kind', () => {
  test.each(SIGNATURES)('is known by the hash of $declaration', ({ declaration, topic0 }) => {
    const types = parametersIn(declaration).map(({ type }) => type);
    const hash = keccak_256(new TextEncoder().encode(`${nameIn(declaration)}(${types.join(',')})`));
    expect(`0x${Buffer.from(hash).toString('hex')}`).toBe(topic0);
  });

  test('is told from one with the same hash by how many of its arguments are topics', () => {
    const parties = [TRANSFER, topicOf(ALICE), topicOf(BOB)];
    expect(decodeLog(parties, `0x${word(2n ** 255n)}`)).toMatchObject({ standard: 'ERC-20', name: 'Transfer' });
    expect(valuesOf(parties, `0x${word(2n ** 255n)}`)).toEqual([`from=${ALICE}`, `to=${BOB}`, `value=${2n ** 255n}`]);
    expect(decodeLog([...parties, `0x${word(7)}`], '0x')).toMatchObject({ standard: 'ERC-721' });
    expect(valuesOf([...parties, `0x${word(7)}`], '0x')).toEqual([`from=${ALICE}`, `to=${BOB}`, 'tokenId=7']);
  });

  test('has its arrays, texts and negative numbers read', () => {
    const batch = `0x${[64, 160, 2, 5, 6, 2, 10, 20].map(word).join('')}`;
    expect(valuesOf([TRANSFER_BATCH, topicOf(ALICE), topicOf(ALICE), topicOf(BOB)], batch)).toEqual([
      `operator=${ALICE}`,
      `from=${ALICE}`,
      `to=${BOB}`,
      'ids=[5, 6]',
      'values=[10, 20]',
    ]);
    const text = Buffer.from('ipfs://é').toString('hex').padEnd(64, '0');
    expect(valuesOf([URI, `0x${word(3)}`], `0x${word(32)}${word(9)}${text}`)).toEqual(['value=ipfs://é', 'id=3']);
    const swap = `0x${['f'.repeat(64), word(1), word(2), word(3), 'f'.repeat(63).concat('e')].join('')}`;
    expect(valuesOf([SWAP_V3, topicOf(ALICE), topicOf(BOB)], swap)).toContain('amount0=-1');
    expect(valuesOf([SWAP_V3, topicOf(ALICE), topicOf(BOB)], swap)).toContain('tick=-2');
  });

  test('is left as it is where its data is not what its kind has', () => {
    expect(decodeLog([TRANSFER, topicOf(ALICE), topicOf(BOB)], '0x')).toBeNull();
    expect(decodeLog([TRANSFER], `0x${word(1)}`)).toBeNull();
    expect(decodeLog([], '0x')).toBeNull();
    expect(decodeLog([URI, `0x${word(3)}`], `0x${'f'.repeat(64)}`)).toBeNull();
    expect(decodeLog([URI, `0x${word(3)}`], `0x${word(32)}${'f'.repeat(64)}`)).toBeNull();
  });

  test('has a name by its first topic alone', () => {
    expect(nameOfTopic(TRANSFER.toUpperCase().replace('0X', '0x'))).toBe('Transfer (ERC-20 or ERC-721)');
    expect(nameOfTopic(`0x${word(0)}`)).toBeNull();
  });
});
