import { useId } from 'react';
import type { AttemptDetailsQuery } from '../api/operations.js';
import { chainName } from '../chain/chains.js';
import { decodeLog } from '../chain/decode.js';
import { exactCount } from '../format/numbers.js';
import { inFull } from '../format/times.js';
import { Copied } from '../ui/copied.js';
import { Fact, Facts } from '../ui/facts.js';

interface EventCardProps {
  readonly event: NonNullable<NonNullable<AttemptDetailsQuery['deliveryAttempt']>['event']>;
  readonly zone: string;
}

/** The event that was to be delivered: what it means, where it was, and what it is made of. */
export function EventCard({ event, zone }: EventCardProps) {
  const { chainId, blockNumber, transactionHash, logIndex, address, topics, data, ingestedAt } = event;
  const decoded = decodeLog(topics, data);
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{decoded === null ? 'Event' : `Event: ${decoded.name}`}</h2>
        {decoded === null ? null : <span className="tag">{decoded.standard}</span>}
      </header>
      {decoded === null ? null : (
        <table className="decoded">
          <thead className="sr-only">
            <tr>
              <th scope="col">Argument</th>
              <th scope="col">Type</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {decoded.values.map(({ name, type, value }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="muted">{type}</td>
                <td>
                  <code>{value}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Facts>
        <Fact name="Chain">{chainName(chainId)}</Fact>
        <Fact name="Block">{exactCount(blockNumber)}</Fact>
        <Fact name="Transaction">
          <Copied value={transactionHash} />
        </Fact>
        <Fact name="Log">{logIndex}</Fact>
        <Fact name="Contract">
          <Copied value={address} />
        </Fact>
        <Fact name="Ingested">{inFull(Date.parse(ingestedAt), zone)}</Fact>
      </Facts>
      <details className="raw">
        <summary>Topics and data as they are on chain</summary>
        <ol className="lines" start={0}>
          {topics.map((topic, index) => (
            <li key={`${index.toString()} ${topic}`}>
              <code>{topic}</code>
            </li>
          ))}
        </ol>
        <code className="raw-data">{data}</code>
      </details>
    </section>
  );
}
