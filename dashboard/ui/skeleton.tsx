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
      <Skeleton className="skeleton-title" />
      <Skeleton className="skeleton-card" />
      <Skeleton className="skeleton-card" />
    </div>
  );
}

/** Rows of a table that is about to be. */
export function RowsSkeleton({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  return (
    <tbody aria-hidden="true">
      {Array.from({ length: rows }, (_, row) => (
        <tr key={`row-${row.toString()}`}>
          <td colSpan={columns}>
            <Skeleton className="skeleton-row" />
          </td>
        </tr>
      ))}
    </tbody>
  );
}
