import type { Endpoint } from '../records/configuration.js';
import type { EventRecord } from '../records/event.js';
import { blockNumberAt, CONTRACTS, type Contract, LOG_KINDS, type LogKindName, logBody } from './chains.js';
import type { Health } from './health.js';
import { Random } from './random.js';

/** An endpoint that traffic is made up for. */
export interface Subscriber {
  readonly endpoint: Endpoint;
  readonly health: Health;
  /** How much of the traffic is made for it, in proportion to the others. */
  readonly share: number;
}

/** An event and those of one user's endpoints whose filters let it through: at least one. */
export interface Delivery {
  readonly event: EventRecord;
  readonly subscribers: readonly Subscriber[];
}

/** Where a subscriber's events may come from. */
interface Source {
  readonly chainId: number;
  readonly address: string;
  readonly kind: LogKindName;
}

interface FeedEntry {
  readonly subscriber: Subscriber;
  readonly sources: readonly [Source, ...Source[]];
  /** The shares up to and including this one. */
  readonly cumulated: number;
}

const EVERY_CONTRACT: readonly Contract[] = Object.values(CONTRACTS);

/** Makes up events that the filters of given endpoints ask for. */
export class EventFeed {
  readonly #entries: FeedEntry[] = [];
  readonly #ofUser = new Map<string, Subscriber[]>();
  readonly #totalShare: number = 0;

  /** `subscribers` must not be empty. */
  constructor(subscribers: readonly Subscriber[]) {
    for (const subscriber of subscribers) {
      this.#totalShare += subscriber.share;
      this.#entries.push({ subscriber, sources: sourcesOf(subscriber.endpoint), cumulated: this.#totalShare });
      const { userId } = subscriber.endpoint;
      this.#ofUser.set(userId, [...(this.#ofUser.get(userId) ?? []), subscriber]);
    }
  }

  /** An event taken in at `time`, milliseconds since 1970. */
  next(time: number, random: Random): Delivery {
    const { subscriber, sources } = this.#pick(random.fraction() * this.#totalShare);
    const source = random.pick(sources);
    const event = eventFrom(source, time, random);
    const others = this.#ofUser.get(subscriber.endpoint.userId) ?? [];
    return { event, subscribers: others.filter((other) => other === subscriber || accepts(other.endpoint, event)) };
  }

  #pick(at: number): FeedEntry {
    let [low, high] = [0, this.#entries.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle]?.cumulated ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    const entry = this.#entries[low];
    if (entry === undefined) throw new RangeError('an event feed needs at least one subscriber');
    return entry;
  }
}

/** Whether an endpoint's filters let an event through; an empty filter lets all of them through. */
export function accepts(endpoint: Endpoint, event: EventRecord): boolean {
  const { chainIds, contractAddresses, eventTopics } = endpoint;
  return (
    (chainIds.length === 0 || chainIds.includes(event.chain_id)) &&
    (contractAddresses.length === 0 || contractAddresses.includes(event.address)) &&
    (eventTopics.length === 0 || (event.topic0 !== null && eventTopics.includes(event.topic0)))
  );
}

/** The known contracts that an endpoint's filters name, else one made of what they do name. */
function sourcesOf({ chainIds, contractAddresses, eventTopics }: Endpoint): readonly [Source, ...Source[]] {
  const known = EVERY_CONTRACT.filter(
    ({ chainId, address }) =>
      (chainIds.length === 0 || chainIds.includes(chainId)) &&
      (contractAddresses.length === 0 || contractAddresses.includes(address)),
  )
    .flatMap(({ chainId, address, kinds }) => kinds.map((kind) => ({ chainId, address, kind })))
    .filter(({ kind }) => eventTopics.length === 0 || eventTopics.includes(LOG_KINDS[kind].topic0));
  const [first, ...rest] = known;
  if (first !== undefined) return [first, ...rest];
  const [chainId = 1] = chainIds;
  const [address = CONTRACTS.usdc.address] = contractAddresses;
  return [{ chainId, address, kind: 'erc20Transfer' }];
}

function eventFrom({ chainId, address, kind }: Source, time: number, random: Random): EventRecord {
  const blockNumber = blockNumberAt(chainId, time);
  return {
    id: random.uuid(time),
    chain_id: chainId,
    block_number: blockNumber,
    block_hash: `0x${new Random('block', chainId, blockNumber).hex(32)}`,
    transaction_hash: `0x${random.hex(32)}`,
    transaction_index: random.whole(0, 180),
    log_index: random.whole(0, 420),
    address,
    ...logBody(kind, random),
    ingested_at: time,
    created_at: time,
  };
}
