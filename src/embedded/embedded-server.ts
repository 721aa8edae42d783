import type { Upstream } from '../platform/errors.js';
import type { Child } from './child.js';

/** A real server on loopback, in a process of its own, that answers. */
export interface EmbeddedServer extends Child {
  readonly name: Upstream;
  /** With user and password. */
  readonly url: string;
}

export interface EmbeddedOptions {
  /** Where all its files are. Made when missing; survives restarts. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Letters and digits. The same one at every start of one folder. */
  readonly password: string;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}
