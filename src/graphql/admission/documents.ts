import { createHash } from 'node:crypto';
import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { Refused } from '../errors.js';
import type { Limits } from '../limits.js';
import { DocumentCache } from './document-cache.js';
import { checkShape, type DocumentShape } from './document-shape.js';
import { checkText } from './document-text.js';

/** A document within the limits that need no variables. */
interface ParsedDocument extends DocumentShape {
  readonly text: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string;
  readonly document: DocumentNode;
}

/** One that is valid for the schema, too. */
export type CheckedDocument = ParsedDocument;

/** Documents are kept by the size of their texts, bytes; what is made of them takes some twenty times that. */
const KEPT_BYTES = 2 * 1024 * 1024;
/** The same of what is asked without a token: introspection queries, of which a tool's takes a kilobyte or two. */
const KEPT_INTROSPECTION_BYTES = 128 * 1024;
/** A document with more mistakes is told about so many. */
const MAX_ERRORS = 10;

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Parses and validates; what has been checked is kept for as long as it is used, by its hash. */
export class Documents {
  readonly #kept = new DocumentCache<string, CheckedDocument>(KEPT_BYTES);
  /** Apart, so that nobody without a token crowds out what others ask. */
  readonly #keptIntrospection = new DocumentCache<string, CheckedDocument>(KEPT_INTROSPECTION_BYTES);

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: Limits,
  ) {}

  /** Throws {@link Refused}: QUERY_TOO_COMPLEX, BAD_USER_INPUT, or FORBIDDEN. */
  check(text: string): CheckedDocument {
    const hash = hashOf(text);
    const kept = this.#kept.get(hash);
    if (kept !== undefined) return kept;
    const checked = this.#validated(this.#parsed(text, hash));
    this.#kept.set(hash, checked, text.length);
    return checked;
  }

  /** The same for whoever may ask for the schema alone: any other document is undefined, before the work of validating it. */
  checkIntrospection(text: string): CheckedDocument | undefined {
    const hash = hashOf(text);
    const kept = this.kept(hash);
    if (kept !== undefined) return kept.isIntrospection ? kept : undefined;
    const parsed = this.#parsed(text, hash);
    if (!parsed.isIntrospection) return undefined;
    const checked = this.#validated(parsed);
    this.#keptIntrospection.set(hash, checked, text.length);
    return checked;
  }

  /** A document that has been checked, if it is still kept. */
  kept(hash: string): CheckedDocument | undefined {
    return this.#kept.get(hash) ?? this.#keptIntrospection.get(hash);
  }

  #parsed(text: string, hash: string): ParsedDocument {
    checkText(text, this.limits);
    const document = parse(text);
    return { ...checkShape(document, this.limits), text, hash, document };
  }

  #validated(parsed: ParsedDocument): CheckedDocument {
    const errors = validate(this.schema, parsed.document, undefined, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) throw new Refused(this.limits.introspection ? errors : errors.map(withoutSuggestions));
    return parsed;
  }
}

/** Suggestions name what the schema has, which introspection was switched off to hide. */
const withoutSuggestions = ({ message, nodes }: GraphQLError): GraphQLError =>
  new GraphQLError(message.replace(/ Did you mean .*\?$/, ''), nodes === undefined ? {} : { nodes });
