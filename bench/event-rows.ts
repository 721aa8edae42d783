import { fraction, hash32, historyId, type IdKind, time } from './made-up-values.js';

/** How many logs each of the 83 transactions of a block has that have any. */
const LOGS_OF_TRANSACTIONS = [
  4, 6, 4, 5, 5, 13, 5, 6, 1, 1, 6, 1, 10, 5, 5, 1, 1, 5, 5, 1, 4, 1, 1, 1, 8, 6, 12, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 3,
  3, 6, 7, 1, 1, 1, 1, 9, 6, 12, 1, 1, 7, 8, 1, 2, 1, 5, 1, 1, 1, 1, 3, 1, 2, 2, 1, 3, 1, 1, 5, 1, 1, 6, 1, 6, 1, 1, 1,
  6, 1, 7, 1, 1, 1,
];
/** Of each log, in order: its transaction, and how many of it come before. */
const TRANSACTION_OF_LOG = LOGS_OF_TRANSACTIONS.flatMap((logs, transaction) => Array<number>(logs).fill(transaction));
const PLACE_OF_LOG = LOGS_OF_TRANSACTIONS.flatMap((logs) => Array.from({ length: logs }, (_, place) => place));
const LOGS = TRANSACTION_OF_LOG.length;
/** The product wants the logs of one transaction in twelve: 30 days of 12-second blocks are 4.8 million events then. */
const TRANSACTIONS_OF_BLOCK = 7;

/** One kind of log. */
interface Kind {
  readonly topic0: string;
  /** How many of the 271 logs. */
  readonly logs: number;
  /** Arguments that are topics: two addresses at most, then a token's number. */
  readonly indexed: 0 | 1 | 2 | 3;
  /** How many bytes each 32-byte word of data fills; of a negative number or an unlimited allowance, below zero. */
  readonly words: readonly number[];
}

const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const APPROVAL = '8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925';
/** Any of many kinds that come once or twice in a block, most of them with addresses in their data. */
const RARE = '';
const RARE_KINDS = 27;
const RARE_WORDS = [20, 20, 5, 9, 1, 3];

const KINDS: readonly Kind[] = [
  { topic0: TRANSFER, logs: 106, indexed: 2, words: [7] },
  { topic0: APPROVAL, logs: 22, indexed: 2, words: [6] },
  { topic0: APPROVAL, logs: 16, indexed: 2, words: [-8] },
  // Uniswap V2: Sync, and Swap either way.
  { topic0: '1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1', logs: 27, indexed: 0, words: [9, 9] },
  {
    topic0: 'd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822',
    logs: 13,
    indexed: 2,
    words: [8, 0, 0, 8],
  },
  {
    topic0: 'd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822',
    logs: 14,
    indexed: 2,
    words: [0, 8, 8, 0],
  },
  // WETH: Deposit and Withdrawal.
  { topic0: 'e1fffcc4923d04b559f4d29a8bfc6cda04eb5b0d3c460751c2402c5c5cc9109c', logs: 14, indexed: 1, words: [6] },
  { topic0: '7fcf532c15f0a6db0bd6d0e038bea71d30d808c7d98cb3bf7268a95bf5081b65', logs: 11, indexed: 1, words: [8] },
  // A token that is one of a kind.
  { topic0: TRANSFER, logs: 8, indexed: 3, words: [] },
  // Uniswap V3: Swap.
  {
    topic0: 'c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67',
    logs: 5,
    indexed: 2,
    words: [-8, 9, 12, 10, -3],
  },
  { topic0: RARE, logs: 13, indexed: 0, words: RARE_WORDS },
  { topic0: RARE, logs: 6, indexed: 1, words: RARE_WORDS },
  { topic0: RARE, logs: 9, indexed: 2, words: RARE_WORDS },
  { topic0: RARE, logs: 7, indexed: 3, words: RARE_WORDS },
];
/** Of each of the 271 logs, its kind, from 1 on. */
const KIND_OF_LOG = KINDS.flatMap(({ logs }, index) => Array<number>(logs).fill(index + 1));

const constants = (values: readonly unknown[]): string => JSON.stringify(values).replaceAll('"', "'");
/** Rank 0 is the best known. */
const contract = (rank: string): string => `substring(${hash32('contract', rank)}, 1, 20)`;
const addressTopic = (rank: string): string =>
  `concat(repeat(char(0), 12), substring(${hash32('address', rank)}, 1, 20))`;
/** A word of data is an amount: mostly zeros, on the left. */
const DATA = `arrayStringConcat(arrayMap((amount, bytes) -> concat(
      repeat(if(bytes < 0, char(255), char(0)), 32 - abs(bytes)),
      substring(${hash32('amount', 'amount')}, 1, abs(bytes))
    ), amounts, lengths))`;

/**
 * Events as the logs of Ethereum are, by what was counted in all 271 logs of block 17,173,049 of the main network (May 2023):
 *
 * - 3.27 logs a transaction, in the order and number of that block.
 * - 34 values of topic0, of which eight are nine logs in ten: what of those has how many topics, and data of which length.
 * - Of contracts 35 % are new to the block, 25 % known from another transaction of it, 40 % from the same one; of senders
 *   (topic1) 47, 12, 41, of recipients (topic2) 54, 18, 28. The most frequent contract has 23 % of all logs, the most frequent
 *   sender 14 %, recipient 11 %. So each transaction has a few contracts and addresses of its own, out of 20,000
 *   contracts and a million addresses, by a power law.
 * - 67.5 bytes of data, of which 18.3 are not zero; more than a quarter of all amounts occur twice in their transaction.
 *
 * What one block cannot tell is chosen: how many contracts and addresses there are in a month.
 */
export const eventRows = (ids: IdKind): string => `
  WITH
    intDiv(number, ${LOGS}) * ${LOGS_OF_TRANSACTIONS.length} + ${constants(TRANSACTION_OF_LOG)}[number % ${LOGS} + 1] AS transaction,
    transaction % ${TRANSACTIONS_OF_BLOCK} AS place,
    ${constants(KIND_OF_LOG)}[sipHash64('kind', number) % ${LOGS} + 1] AS kind,
    ${constants(KINDS.map(({ indexed }) => indexed))}[kind] AS indexed,
    ${constants(KINDS.map(({ words }) => words))}[kind] AS words,
    arrayMap(word -> if(sipHash64('again', number * 64 + word) % 5 < 2, transaction, toUInt64(1e12) + number * 64 + word), arrayEnumerate(words)) AS amounts,
    arrayMap((bytes, amount) -> if(abs(bytes) BETWEEN 4 AND 19, bytes + sipHash64('length', amount) % 5 - 2, bytes), words, amounts) AS lengths,
    toUInt64(20000 * pow(${fraction('its contract', "transaction * 8 + sipHash64('contract', number) % 4")}, 8)) AS contract,
    toUInt64(1000000 * pow(${fraction('its sender', "transaction * 8 + sipHash64('sender', number) % 3")}, 8)) AS sender,
    toUInt64(1000000 * pow(${fraction('its recipient', "transaction * 8 + sipHash64('recipient', number) % 5")}, 9)) AS recipient
  SELECT ${historyId(ids, 'event', 'number')} AS id,
    1 AS chain_id,
    20000000 + intDiv(transaction, ${TRANSACTIONS_OF_BLOCK}) AS block_number,
    ${hash32('block', 'block_number')} AS block_hash,
    ${hash32('transaction', 'transaction')} AS transaction_hash,
    place * 16 + sipHash64('place', transaction) % 16 AS transaction_index,
    place * 38 + sipHash64('place', transaction) % 25 + ${constants(PLACE_OF_LOG)}[number % ${LOGS} + 1] AS log_index,
    ${contract('contract')} AS address,
    if(${constants(KINDS.map(({ topic0 }) => topic0))}[kind] != '${RARE}', unhex(${constants(KINDS.map(({ topic0 }) => topic0))}[kind]), ${hash32('kind', `sipHash64('rare', number) % ${RARE_KINDS}`)}) AS topic0,
    if(indexed > 0, ${addressTopic('sender')}, NULL) AS topic1,
    if(indexed > 1, ${addressTopic('recipient')}, NULL) AS topic2,
    if(indexed > 2, concat(repeat(char(0), 30), substring(${hash32('token', 'number')}, 1, 2)), NULL) AS topic3,
    ${DATA} AS data,
    ${time('number', '{events:UInt64}')} AS ingested_at,
    ingested_at AS created_at
  FROM numbers({first:UInt64}, {count:UInt64})`;
