import type { DeliveryStatus } from '../api/operations.js';

/** How each status is said. */
export const STATUSES: Readonly<Record<DeliveryStatus, string>> = {
  SUCCESS: 'Succeeded',
  FAILED: 'Failed',
  EXPIRED: 'Expired',
  PENDING: 'Pending',
};
