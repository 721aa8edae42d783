import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { TimeRange } from '../../records/time-range.js';
import { queryTooComplex } from '../errors.js';
import type { Limits } from '../limits.js';
import { type Arguments, checkArguments, checkedDays, checkedHours, checkedRange } from './arguments.js';

/** What a field costs beside the objects of its answer, in objects: what it makes a store do. */
const STORE_COST: Readonly<Record<string, number>> = {
  // Merged with others of its kind into one query.
  breakdown: 10,
  dailyStats: 10,
  dashboardStats: 10,
  deliveryAttempt: 10,
  event: 10,
  hourlyStats: 10,
  stats: 10,
  successRate: 10,
  // A query of its own.
  deliveryAttempts: 500,
  events: 500,
};

interface Costing {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly limits: Limits;
  readonly now: number;
}

/**
 * What an operation may cost at most: the objects of its answer, were every list as long as it may be, and what its
 * fields make the stores do. Checks the arguments of every field on the way. Throws QUERY_TOO_COMPLEX or BAD_USER_INPUT.
 */
export function checkCost(operation: OperationDefinitionNode, costing: Costing): number {
  const root = costing.schema.getRootType(operation.operation);
  const cost = root ? ofSelections(operation.selectionSet, root, undefined, costing) : 0;
  const { maxCost } = costing.limits;
  if (cost <= maxCost) return cost;
  throw queryTooComplex(
    `The operation may cost ${cost}, at most ${maxCost} is answered: ask for smaller pages, shorter ranges or fewer fields.`,
  );
}

/** `range` is the one that the object was asked for with, if it was. */
function ofSelections(
  { selections }: SelectionSetNode,
  type: GraphQLNamedType,
  range: TimeRange | undefined,
  costing: Costing,
): number {
  let cost = 0;
  for (const selection of selections) {
    if (isLeftOut(selection, costing)) continue;
    if (selection.kind === Kind.FIELD) {
      cost += ofField(selection, type, range, costing);
    } else {
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? costing.fragments.get(selection.name.value) : selection;
      const condition = fragment?.typeCondition?.name.value;
      const fragmentType = condition === undefined ? type : costing.schema.getType(condition);
      if (fragment !== undefined && fragmentType !== undefined) {
        cost += ofSelections(fragment.selectionSet, fragmentType, range, costing);
      }
    }
  }
  return cost;
}

function ofField(
  node: FieldNode,
  parent: GraphQLNamedType,
  parentRange: TimeRange | undefined,
  costing: Costing,
): number {
  const name = node.name.value;
  const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  // What tells of the schema is bounded by the document's shape.
  if (field === undefined) return 0;
  const args = getArgumentValues(field, node, { ...costing.variables });
  checkArguments(args, costing.limits, costing.now);
  const storeCost = STORE_COST[name] ?? 0;
  const type = getNamedType(field.type);
  if (isLeafType(type) || node.selectionSet === undefined) return storeCost;
  const range = 'range' in args || takesRange(field) ? checkedRange(args['range'], costing.now) : parentRange;
  return storeCost + lengthOf(type, args, range, costing) * (1 + ofSelections(node.selectionSet, type, range, costing));
}

const takesRange = ({ args }: GraphQLField<unknown, unknown>): boolean => args.some(({ name }) => name === 'range');

/** How many objects of a type a field may answer. A list that is paged counts as a whole: its `nodes` and `edges` count once each. */
function lengthOf(
  type: GraphQLNamedType,
  { first, timeZone }: Arguments,
  range: TimeRange | undefined,
  { limits }: Costing,
): number {
  if (range !== undefined && type.name === 'HourlyStat') return checkedHours(range, limits);
  if (range !== undefined && type.name === 'DailyStat') return checkedDays(range, timeZone, limits);
  return typeof first === 'number' ? first : 1;
}

function isLeftOut(selection: SelectionSetNode['selections'][number], { variables }: Costing): boolean {
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, { ...variables });
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, { ...variables });
  return skip?.['if'] === true || include?.['if'] === false;
}
