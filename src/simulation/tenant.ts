import type { Application, Endpoint, User } from '../records/configuration.js';
import { CONTRACTS, LOG_KINDS } from './chains.js';
import type { Subscriber } from './feed.js';
import { type Health, ordinaryHealth } from './health.js';
import { Random } from './random.js';

/** One user and what belongs to them. */
export interface Tenant {
  readonly user: User;
  readonly applications: readonly Application[];
  readonly endpoints: readonly Endpoint[];
}

const demoId = (number: number): string => `0de30000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** Who signs in to the demo: an admin, so that the demo shows all there is. */
export const DEMO_USER = { id: demoId(1), email: 'demo@ethhook.example', name: 'Demo User', isAdmin: true } as const;

interface DemoEndpoint {
  readonly name: string;
  readonly contracts: readonly (keyof typeof CONTRACTS)[];
  readonly kinds: readonly (keyof typeof LOG_KINDS)[];
  readonly health: Health;
  readonly share: number;
  readonly isActive?: false;
}

interface DemoApplication {
  readonly name: string;
  readonly description: string;
  readonly host: string;
  readonly endpoints: readonly DemoEndpoint[];
}

const health = (medianLatencyMs: number, latencySpread: number, failureRate: number): Health => ({
  medianLatencyMs,
  latencySpread,
  failureRate,
});

const DEMO_APPLICATIONS: readonly DemoApplication[] = [
  {
    name: 'Payments',
    description: 'Credits customers for stablecoin deposits',
    host: 'payments.example',
    endpoints: [
      {
        name: 'USDC deposits',
        contracts: ['usdc'],
        kinds: ['erc20Transfer'],
        health: health(85, 0.4, 0.004),
        share: 20,
      },
      {
        name: 'USDT deposits',
        contracts: ['usdt'],
        kinds: ['erc20Transfer'],
        health: health(110, 0.4, 0.006),
        share: 18,
      },
      {
        name: 'Stablecoin ledger',
        contracts: ['usdt', 'dai'],
        kinds: ['erc20Transfer', 'erc20Approval'],
        health: { ...health(420, 0.7, 0.03), inTrouble: true },
        share: 6,
      },
      {
        name: 'L2 settlements',
        contracts: ['polygonUsdc', 'baseUsdc', 'arbitrumUsdc'],
        kinds: ['erc20Transfer'],
        health: health(95, 0.5, 0.008),
        share: 16,
      },
      {
        name: 'Compliance screening',
        contracts: ['usdc', 'usdt'],
        kinds: ['erc20Approval'],
        health: health(640, 0.4, 0.01),
        share: 4,
      },
    ],
  },
  {
    name: 'NFT marketplace',
    description: 'Follows the collections that are for sale',
    host: 'nft.example',
    endpoints: [
      {
        name: 'Bored Apes',
        contracts: ['boredApes'],
        kinds: ['erc721Transfer'],
        health: health(150, 0.5, 0.005),
        share: 3,
      },
      {
        name: 'Storefront transfers',
        contracts: ['openSeaStorefront'],
        kinds: ['erc1155TransferSingle'],
        health: health(210, 0.6, 0.04),
        share: 5,
      },
      {
        name: 'Collection index (staging)',
        contracts: ['boredApes', 'openSeaStorefront'],
        kinds: [],
        health: health(300, 0.5, 0.01),
        share: 0,
        isActive: false,
      },
    ],
  },
  {
    name: 'Trading desk',
    description: 'Prices and alerts from pool swaps',
    host: 'desk.example',
    endpoints: [
      {
        name: 'Swaps v3',
        contracts: ['uniswapV3UsdcWeth'],
        kinds: ['uniswapV3Swap'],
        health: health(60, 0.3, 0.002),
        share: 14,
      },
      {
        name: 'Swaps v2',
        contracts: ['uniswapV2UsdcWeth'],
        kinds: ['uniswapV2Swap'],
        health: health(70, 0.3, 0.003),
        share: 5,
      },
      { name: 'WETH monitor', contracts: ['weth'], kinds: [], health: health(45, 0.35, 0.003), share: 8 },
      {
        name: 'Price alerts',
        contracts: ['uniswapV2UsdcWeth', 'uniswapV3UsdcWeth'],
        kinds: ['uniswapV2Swap', 'uniswapV3Swap'],
        health: health(1_900, 0.6, 0.015),
        share: 1,
      },
    ],
  },
];

const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** The demo's tenant, signed up at a time; ids and all else are always the same. */
export function demoTenant(createdAt: number): Tenant {
  const user = { ...DEMO_USER, createdAt };
  const applications = DEMO_APPLICATIONS.map(({ name, description }, index) => ({
    id: demoId(0x10 + index),
    userId: user.id,
    name,
    description,
    isActive: true,
    createdAt,
  }));
  let endpointNumber = 0x100;
  const endpoints = DEMO_APPLICATIONS.flatMap(({ host, endpoints }, index) =>
    endpoints.map(
      ({ name, contracts, kinds, isActive }): Endpoint => ({
        id: demoId(endpointNumber++),
        applicationId: demoId(0x10 + index),
        userId: user.id,
        name,
        url: `https://${host}/hooks/${slug(name)}`,
        chainIds: unique(contracts.map((contract) => CONTRACTS[contract].chainId)),
        contractAddresses: contracts.map((contract) => CONTRACTS[contract].address),
        eventTopics: unique(kinds.map((kind) => LOG_KINDS[kind].topic0)),
        isActive: isActive ?? true,
        createdAt,
      }),
    ),
  );
  return { user, applications, endpoints };
}

/** The `number`-th (from 1) of the made-up users that traffic can be spread over, with four endpoints. */
export function simulatedTenant(number: number, createdAt: number): Tenant {
  const id = (kind: number): string =>
    `51300000-0000-4000-8${kind.toString(16).padStart(3, '0')}-${number.toString(16).padStart(12, '0')}`;
  const user = {
    id: id(0),
    email: `user-${number}@simulation.example`,
    name: `Simulated user ${number}`,
    isAdmin: false,
    createdAt,
  };
  const application = { id: id(1), userId: user.id, name: 'Simulation', description: null, isActive: true, createdAt };
  const endpoints = (['usdc', 'usdt', 'weth', 'uniswapV3UsdcWeth'] as const).map(
    (contract, index): Endpoint => ({
      id: id(2 + index),
      applicationId: application.id,
      userId: user.id,
      name: contract,
      url: `https://user-${number}.simulation.example/hooks/${slug(contract)}`,
      chainIds: [CONTRACTS[contract].chainId],
      contractAddresses: [CONTRACTS[contract].address],
      eventTopics: [],
      isActive: true,
      createdAt,
    }),
  );
  return { user, applications: [application], endpoints };
}

const DEMO_HEALTH = new Map(
  DEMO_APPLICATIONS.flatMap(({ endpoints }) => endpoints).map(({ health, share }, index) => [
    demoId(0x100 + index),
    { health, share },
  ]),
);

/** How an endpoint behaves in a simulation: the demo's as designed, any other as its id decides. */
export function subscriberOf(endpoint: Endpoint): Subscriber {
  const { health, share } = DEMO_HEALTH.get(endpoint.id) ?? ordinaryBehaviour(endpoint.id);
  return { endpoint, health, share };
}

function ordinaryBehaviour(endpointId: string): Pick<Subscriber, 'health' | 'share'> {
  const random = new Random('endpoint', endpointId);
  return { health: ordinaryHealth(random), share: random.logNormal(10, 1) };
}
