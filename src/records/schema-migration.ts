/** One numbered step of a database's schema. */
export interface SchemaMigration {
  /** Its place in the order, from 1 without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /**
   * Whether it runs outside a transaction, as CREATE INDEX CONCURRENTLY must. It then is that one statement, and its
   * name is the index's.
   */
  readonly concurrently: boolean;
}

/** A step that a database has taken. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  /** Milliseconds since 1970, UTC. */
  readonly appliedAt: number;
}
