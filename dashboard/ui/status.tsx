import type { DeliveryStatus } from '../api/operations.js';
import { STATUSES } from './statuses.js';

export function Status({ status }: { readonly status: DeliveryStatus }) {
  return (
    <span className="status" data-status={status}>
      {STATUSES[status]}
    </span>
  );
}
