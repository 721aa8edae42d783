import type { EventRecord } from '../records/event.js';
import type { Random } from './random.js';

/** The topics and data of one log. */
export type LogBody = Pick<EventRecord, 'topic0' | 'topic1' | 'topic2' | 'topic3' | 'data'>;

/** A kind of log: its topic0, how many arguments follow as topics, and the 32-byte words of its data. */
interface LogKind {
  readonly topic0: string;
  readonly indexed: readonly ('address' | 'number')[];
  readonly words: number;
}

export const LOG_KINDS = {
  erc20Transfer: {
    topic0: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
    indexed: ['address', 'address'],
    words: 1,
  },
  erc20Approval: {
    topic0: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
    indexed: ['address', 'address'],
    words: 1,
  },
  erc721Transfer: {
    topic0: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
    indexed: ['address', 'address', 'number'],
    words: 0,
  },
  erc1155TransferSingle: {
    topic0: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
    indexed: ['address', 'address', 'address'],
    words: 2,
  },
  uniswapV2Swap: {
    topic0: '0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822',
    indexed: ['address', 'address'],
    words: 4,
  },
  uniswapV3Swap: {
    topic0: '0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67',
    indexed: ['address', 'address'],
    words: 5,
  },
} as const satisfies Record<string, LogKind>;
export type LogKindName = keyof typeof LOG_KINDS;

/** A contract that made-up events come from, and the kinds of log it emits; one named twice comes twice as often. */
export interface Contract {
  readonly chainId: number;
  readonly address: string;
  readonly kinds: readonly [LogKindName, ...LogKindName[]];
}

const erc20 = (chainId: number, address: string): Contract => ({
  chainId,
  address,
  kinds: ['erc20Transfer', 'erc20Transfer', 'erc20Transfer', 'erc20Approval'],
});

/** Well-known contracts of several chains. */
export const CONTRACTS = {
  usdc: erc20(1, '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48'),
  usdt: erc20(1, '0xdac17f958d2ee523a2206206994597c13d831ec7'),
  dai: erc20(1, '0x6b175474e89094c44da98b954eedeac495271d0f'),
  weth: erc20(1, '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'),
  boredApes: { chainId: 1, address: '0xbc4ca0eda7647a8ab7c2061c2e118a18a936f13d', kinds: ['erc721Transfer'] },
  openSeaStorefront: {
    chainId: 1,
    address: '0x495f947276749ce646f68ac8c248420045cb7b5e',
    kinds: ['erc1155TransferSingle'],
  },
  uniswapV2UsdcWeth: { chainId: 1, address: '0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc', kinds: ['uniswapV2Swap'] },
  uniswapV3UsdcWeth: { chainId: 1, address: '0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640', kinds: ['uniswapV3Swap'] },
  polygonUsdc: erc20(137, '0x3c499c542cef5e3811e1192ce70d8cc03d5c3359'),
  baseUsdc: erc20(8453, '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913'),
  arbitrumUsdc: erc20(42161, '0xaf88d065e77c8cc2239327c5edb3a432268e5831'),
} as const satisfies Record<string, Contract>;

/** Milliseconds between blocks, and when the first one would have been at that pace. */
const PACES: Readonly<Record<number, { readonly blockMs: number; readonly start: number }>> = {
  1: { blockMs: 12_000, start: Date.UTC(2017, 5, 1) },
  137: { blockMs: 2_100, start: Date.UTC(2020, 5, 1) },
  8453: { blockMs: 2_000, start: Date.UTC(2023, 5, 15) },
  42161: { blockMs: 250, start: Date.UTC(2022, 8, 1) },
};
const OTHER_PACE = { blockMs: 2_000, start: Date.UTC(2021, 0, 1) };

/** The number of the newest block of a chain at a time, about as high as on the real chain. */
export function blockNumberAt(chainId: number, time: number): number {
  const { blockMs, start } = PACES[chainId] ?? OTHER_PACE;
  return Math.max(0, Math.floor((time - start) / blockMs));
}

/** Made-up arguments in the shape that a kind of log has on chain. */
export function logBody(kind: LogKindName, random: Random): LogBody {
  const { topic0, indexed, words } = LOG_KINDS[kind];
  const [topic1 = null, topic2 = null, topic3 = null] = indexed.map((type) =>
    type === 'address' ? addressWord(random) : `0x${amountWord(random)}`,
  );
  return {
    topic0,
    topic1,
    topic2,
    topic3,
    data: `0x${Array.from({ length: words }, () => amountWord(random)).join('')}`,
  };
}

const addressWord = (random: Random): string => `0x${'0'.repeat(24)}${random.hex(20)}`;

/** Amounts are small in their 32 bytes: most of what data holds are zeros. */
const amountWord = (random: Random): string => random.hex(random.whole(2, 10)).padStart(64, '0');
