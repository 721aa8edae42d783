import { useQuery } from '@tanstack/react-query';
import { Migration, type MigrationPhase, type MigrationQuery } from '../api/operations.js';
import { ApiError, request } from '../api/request.js';
import { exactCount, percent } from '../format/numbers.js';
import { inFull, toTheSecond } from '../format/times.js';
import { useZone } from '../range/use-range.js';
import { Fact, Facts } from '../ui/facts.js';
import { Empty, Failure } from '../ui/notice.js';
import { PageSkeleton } from '../ui/skeleton.js';
import { PageHead } from './page-head.js';

type Status = NonNullable<MigrationQuery['migration']>;

const EVERY_MS = 2_000;
const PHASES: readonly { readonly phase: MigrationPhase; readonly label: string; readonly meaning: string }[] = [
  { phase: 'POSTGRES', label: 'Postgres', meaning: 'Postgres is written and read' },
  { phase: 'DUAL_WRITE', label: 'Dual write', meaning: 'Both are written, Postgres is read' },
  { phase: 'CUTOVER', label: 'Cutover', meaning: 'Both are written, ClickHouse is read' },
  { phase: 'COMPLETE', label: 'Complete', meaning: 'ClickHouse is written and read' },
];
const STORES = { POSTGRES: 'Postgres', CLICKHOUSE: 'ClickHouse' } as const;

/** Where the move from Postgres to ClickHouse stands, for admins. */
export function MigrationPage() {
  const [zone] = useZone();
  const { data, error, refetch } = useQuery({
    queryKey: ['migration'],
    queryFn: ({ signal }) => request(Migration, {}, signal),
    refetchInterval: EVERY_MS,
  });
  if (error instanceof ApiError && error.code === 'FORBIDDEN') {
    return (
      <Empty isPage title="Only admins see the move">
        <p>
          Ask for <code>is_admin</code> on your row in the table <code>users</code>.
        </p>
      </Empty>
    );
  }
  if (data === undefined) {
    if (error === null) return <PageSkeleton />;
    return <Failure what="The move" error={error} onRetry={() => refetch()} place="page" />;
  }
  const { migration } = data;
  return (
    <>
      <PageHead title="Migration" />
      {migration === null ? null : (
        <>
          <Phases status={migration} zone={zone} />
          <Sinks status={migration} zone={zone} />
          <Backfill status={migration} zone={zone} />
        </>
      )}
      {error === null ? null : <Failure what="The latest state" error={error} onRetry={() => refetch()} place="over" />}
    </>
  );
}

interface PartProps {
  readonly status: Status;
  readonly zone: string;
}

function Phases({ status, zone }: PartProps) {
  const { phase, since, readsFrom, writesTo, verifiedAt, differences, deadLetters } = status;
  const present = PHASES.findIndex((one) => one.phase === phase);
  return (
    <section className="card" aria-label="Phase">
      <ol className="phases">
        {PHASES.map(({ phase: one, label, meaning }, index) => (
          <li key={one} aria-current={index === present ? 'step' : undefined} data-done={index < present}>
            <strong>{label}</strong>
            <span className="muted">{meaning}</span>
          </li>
        ))}
      </ol>
      <Facts>
        <Fact name="Since">{inFull(Date.parse(since), zone)}</Fact>
        <Fact name="Reads from">{STORES[readsFrom]}</Fact>
        <Fact name="Writes to">{writesTo.map((store) => STORES[store]).join(' and ')}</Fact>
        <Fact name="Compared">
          {verifiedAt === null
            ? 'never as a whole'
            : `${inFull(Date.parse(verifiedAt), zone)}, ${exactCount(differences ?? 0)} differences`}
        </Fact>
        <Fact name="Dead letters">
          {deadLetters === 0 ? (
            'none'
          ) : (
            <>
              {exactCount(deadLetters)}, shown by <code>npx ethhook-analytics dlq list</code>
            </>
          )}
        </Fact>
      </Facts>
    </section>
  );
}

function Sinks({ status: { sinks }, zone }: PartProps) {
  return (
    <section className="card" aria-labelledby="sinks">
      <header className="card-head">
        <h2 id="sinks">Ingest</h2>
      </header>
      <table className="sinks">
        <thead>
          <tr>
            <th scope="col">Into</th>
            <th scope="col">From the stream</th>
            <th scope="col" className="number">
              Waiting
            </th>
            <th scope="col" className="number">
              Being written
            </th>
            <th scope="col" className="number column-committed">
              Oldest of these
            </th>
            <th scope="col" className="number column-committed">
              Last commit
            </th>
          </tr>
        </thead>
        <tbody>
          {sinks.map(({ store, stream, lag, pending, oldestPendingAt, lastCommittedAt }) => (
            <tr key={`${store} ${stream}`}>
              <th scope="row">{STORES[store]}</th>
              <td>
                {/* A zero-width space: on a phone the name is broken between its words. */}
                {stream.replaceAll('_', '_\u200B')}
              </td>
              <td className="number">{exactCount(lag)}</td>
              <td className="number">{exactCount(pending)}</td>
              <td className="number muted column-committed">
                {oldestPendingAt === null ? '–' : toTheSecond(Date.parse(oldestPendingAt), zone)}
              </td>
              <td className="number muted column-committed">
                {lastCommittedAt === null ? '–' : toTheSecond(Date.parse(lastCommittedAt), zone)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Backfill({ status: { backfill }, zone }: PartProps) {
  return (
    <section className="card" aria-labelledby="backfill">
      <header className="card-head">
        <h2 id="backfill">Backfill</h2>
      </header>
      {backfill.length === 0 ? (
        <p className="card-body muted">None is planned. A system that began without history needs none.</p>
      ) : (
        <ul className="backfill">
          {backfill.map(({ table, rowsTotal, rowsDone, rowsRejected, finishedAt }) => {
            const done = rowsDone + rowsRejected;
            return (
              <li key={table}>
                <span>{table}</span>
                <progress aria-label={`Backfill of ${table}`} value={done} max={Math.max(1, rowsTotal)} />
                <span className="muted">
                  {exactCount(done)} of {exactCount(rowsTotal)} rows
                  {rowsTotal === 0 ? '' : `, ${percent((100 * done) / rowsTotal)}`}
                  {rowsRejected === 0 ? '' : `, ${exactCount(rowsRejected)} rejected`}
                  {finishedAt === null ? '' : `, finished ${inFull(Date.parse(finishedAt), zone)}`}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
