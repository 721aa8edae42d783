import { useId } from 'react';
import { Link } from 'wouter';
import type { EndpointDetailsQuery } from '../api/operations.js';
import { chainName } from '../chain/chains.js';
import { nameOfTopic } from '../chain/decode.js';
import { inFull } from '../format/times.js';
import { Copied } from '../ui/copied.js';
import { Fact, Facts } from '../ui/facts.js';
import { useLink } from '../url/use-link.js';

interface EndpointSettingsProps {
  readonly endpoint: NonNullable<EndpointDetailsQuery['endpoint']>;
  readonly zone: string;
}

/** Where an endpoint is and what it listens to. */
export function EndpointSettings({ endpoint, zone }: EndpointSettingsProps) {
  const { id, url, chainIds, contractAddresses, eventTopics, createdAt } = endpoint;
  const link = useLink();
  const headingId = useId();
  return (
    <section className="card" aria-labelledby={headingId}>
      <header className="card-head">
        <h2 id={headingId}>Settings</h2>
        <Link className="head-link" href={link('/attempts', { application: null, endpoint: id })}>
          All its attempts
        </Link>
      </header>
      <Facts>
        <Fact name="URL">
          <Copied value={url} />
        </Fact>
        <Fact name="Id">
          <Copied value={id} />
        </Fact>
        <Fact name="Chains">{chainIds.length === 0 ? 'all' : chainIds.map(chainName).join(', ')}</Fact>
        <Fact name="Contracts">
          <Lines lines={contractAddresses} />
        </Fact>
        <Fact name="Events">
          <Lines lines={eventTopics.map((topic) => nameOfTopic(topic) ?? topic)} />
        </Fact>
        <Fact name="Created">{inFull(Date.parse(createdAt), zone)}</Fact>
      </Facts>
    </section>
  );
}

/** An endpoint that names none listens to all. */
function Lines({ lines }: { readonly lines: readonly string[] }) {
  if (lines.length === 0) return 'all';
  return (
    <ul className="lines">
      {lines.map((line) => (
        <li key={line}>
          <code>{line}</code>
        </li>
      ))}
    </ul>
  );
}
