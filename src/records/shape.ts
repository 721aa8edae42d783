/** The kind of a column's values, with its inclusive bounds. */
export type Shape = { readonly nullable?: true } & (
  | { readonly kind: 'uuid' | 'time' }
  | { readonly kind: 'uint'; readonly bits: 8 | 16 | 32 | 64; readonly min: number; readonly max: number }
  | { readonly kind: 'fixedHex'; readonly bytes: number }
  | { readonly kind: 'hexData' | 'text'; readonly maxBytes: number }
  | { readonly kind: 'oneOf'; readonly names: readonly string[] }
);

/** Bytes of a value in RowBinary; null where that depends on the value. */
export function fixedWidth(shape: Shape): number | null {
  if (shape.nullable === true) return null;
  switch (shape.kind) {
    case 'uuid':
      return 16;
    case 'uint':
      return shape.bits / 8;
    case 'fixedHex':
      return shape.bytes;
    case 'oneOf':
      return 1;
    case 'time':
      return 8;
    default:
      return null;
  }
}
