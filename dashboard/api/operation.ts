/** The text of a GraphQL operation, carrying the types of its answer and of its variables. */
export interface Operation<Data, Variables> {
  readonly text: string;
  /** Never there: it only holds the types. */
  readonly types?: (variables: Variables) => Data;
}
