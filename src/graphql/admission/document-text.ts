import { Lexer, Source, TokenKind } from 'graphql';
import { queryTooComplex } from '../errors.js';
import type { Limits } from '../limits.js';

/** Brackets of a document inside each other. No document that is shallow enough comes near; the parser's stack is kept safe. */
const MAX_NESTING = 200;

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * What can be told of a document before it is parsed, in one pass that allocates no tree and does not recurse. Throws
 * QUERY_TOO_COMPLEX, or the syntax error of a text that is no GraphQL.
 */
export function checkText(text: string, { maxDocumentBytes, maxDocumentTokens }: Limits): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxDocumentBytes) {
    throw queryTooComplex(
      `The document has ${bytes} bytes, at most ${maxDocumentBytes} are read: ask in several requests.`,
    );
  }
  const lexer = new Lexer(new Source(text));
  let nesting = 0;
  for (let tokens = 0; ; tokens += 1) {
    const { kind } = lexer.advance();
    if (kind === TokenKind.EOF) return;
    if (tokens === maxDocumentTokens) {
      throw queryTooComplex(
        `The document has more than ${maxDocumentTokens} tokens: ask for fewer fields, or in several requests.`,
      );
    }
    if (OPENING.has(kind)) nesting += 1;
    if (CLOSING.has(kind)) nesting -= 1;
    if (nesting > MAX_NESTING) {
      throw queryTooComplex(`The document has brackets nested deeper than ${MAX_NESTING}: ask for less depth.`);
    }
  }
}
