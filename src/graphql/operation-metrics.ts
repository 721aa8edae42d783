import {
  type GraphQLFormattedError,
  type GraphQLSchema,
  isObjectType,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import type { Metrics } from '../platform/metrics.js';
import type { Operation } from './admission/admission.js';
import { type ErrorCode, errorCodeOf } from './errors.js';

/** What nobody should meet: the alert rules look out for it. */
const ALARMING: ErrorCode = 'INTERNAL_SERVER_ERROR';
/** Of an operation whose name is not known before it is asked for. */
const OTHER = 'other';
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** An operation that was admitted, until its answer is complete. */
export interface RunningOperation {
  /** What an answer of it says went wrong, counted as it is sent: each code once. */
  met(errors: readonly GraphQLFormattedError[] | undefined): void;
  /** It ends with this error instead of an answer. */
  failed(error: unknown): void;
  /** Counts it. Nothing is counted of it afterwards. */
  end(): void;
}

/** What the gateway tells Prometheus of the operations it is asked for. */
export class OperationMetrics {
  readonly #took;
  readonly #failed;
  readonly #refused;
  readonly #fieldTook;
  readonly #fieldFailed;

  /** With the operations of an allow-list, if there is one. */
  constructor(metrics: Metrics, known: readonly OperationDefinitionNode[]) {
    const inAdvance = known.map(({ name, operation }) => ({ operation: name?.value ?? OTHER, type: operation }));
    const inGeneral = [OperationTypeNode.QUERY, OperationTypeNode.SUBSCRIPTION].map((type) => ({
      operation: OTHER,
      type,
    }));
    this.#took = metrics.histogram({
      name: 'ethhook_graphql_operation_duration_seconds',
      help: 'How long queries took, from their arrival to the end of their answer.',
      labels: ['operation', 'type'],
      buckets: SECONDS,
    });
    this.#failed = metrics.tally({
      name: 'ethhook_graphql_operation_errors_total',
      help: 'Operations that ran and whose answer has errors, by their codes; of subscriptions each answer.',
      labels: ['operation', 'type', 'code'],
      zeros: (known.length > 0 ? inAdvance : inGeneral).map((labels) => ({ ...labels, code: ALARMING })),
    });
    this.#refused = metrics.tally({
      name: 'ethhook_graphql_refused_operations_total',
      help: 'Operations of which nothing ran, by the code of the refusal.',
      labels: ['code'],
      zeros: [{ code: ALARMING }],
    });
    this.#fieldTook = metrics.histogram({
      name: 'ethhook_graphql_field_duration_seconds',
      help: 'How long fields took that wait for a store, with the wait for the wave they go in.',
      labels: ['field'],
      buckets: SECONDS,
    });
    this.#fieldFailed = metrics.tally({
      name: 'ethhook_graphql_field_errors_total',
      help: 'Fields that failed, by the codes of their errors.',
      labels: ['field', 'code'],
    });
  }

  /** Of an operation that arrived at `begun`, by `performance.now()`. */
  start({ knownName, definition }: Operation, begun: number): RunningOperation {
    const labels = { operation: knownName ?? OTHER, type: definition.operation };
    let isOver = false;
    const count = (code: string): void => {
      if (!isOver) this.#failed({ ...labels, code });
    };
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      if (labels.type !== OperationTypeNode.SUBSCRIPTION) this.#took(labels, (performance.now() - begun) / 1000);
    };
    return {
      met: (errors = []) => {
        for (const code of new Set(errors.map(({ extensions }) => String(extensions?.['code'])))) count(code);
      },
      failed: (error) => {
        count(errorCodeOf(error));
        end();
      },
      end,
    };
  }

  /** Of an operation that was not begun. */
  refused(error: unknown): void {
    this.#refused({ code: errorCodeOf(error) });
  }

  /** Watches the resolvers of this schema that wait for something. */
  watchFields(schema: GraphQLSchema): void {
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || type === schema.getSubscriptionType()) continue;
      for (const definition of Object.values(type.getFields())) {
        const { resolve } = definition;
        if (resolve === undefined) continue;
        const field = `${type.name}.${definition.name}`;
        definition.resolve = (source, args, context, info) => {
          const begun = performance.now();
          const result: unknown = resolve(source, args, context, info);
          return result instanceof Promise ? this.#watched(field, begun, result) : result;
        };
      }
    }
  }

  async #watched(field: string, begun: number, result: Promise<unknown>): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      this.#fieldFailed({ field, code: errorCodeOf(error) });
      throw error;
    } finally {
      this.#fieldTook({ field }, (performance.now() - begun) / 1000);
    }
  }
}
