/** A grey place where something is about to be, of the size that it will have. */
export function Skeleton({ className = '' }: { readonly className?: string }) {
  return <span className={`skeleton ${className}`} aria-hidden="true" />;
}

export function PageSkeleton() {
  return (
    <div aria-busy="true">
      <p className="sr-only" role="status">
        Loading
      </p>
      <div className="page-head">
        <Skeleton className="skeleton-title" />
      </div>
      <Skeleton className="skeleton-card" />
      <Skeleton className="skeleton-card" />
    </div>
  );
}

interface RowsSkeletonProps {
  readonly rows: number;
  /** The class of each column. */
  readonly columns: readonly string[];
}

/** Rows of a table that is about to be. */
export function RowsSkeleton({ rows, columns }: RowsSkeletonProps) {
  return (
    <tbody aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => (
        <tr key={`row-${row.toString()}`}>
          {columns.map((column) => (
            <td key={column} className={column}>
              <Skeleton className="skeleton-row" />
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}
