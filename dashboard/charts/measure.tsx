import type { Bucket } from './bucket.js';

/** One of the quantities that a chart shows: how it is called, coloured and told. */
export interface Measure {
  readonly label: string;
  /** A colour of tokens.css, and the swatch of that name. */
  readonly color: string;
  readonly text: (bucket: Bucket) => string;
}

export function Swatch({ color }: { readonly color: string }) {
  return <i className={`swatch swatch-${color}`} aria-hidden="true" />;
}
