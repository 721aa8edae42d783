import { Command } from 'ioredis';

/** Arguments in the form that they have in Redis' protocol. */
export interface EncodedArguments {
  readonly count: number;
  readonly bytes: Buffer;
}

const encoded = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;

/** A command whose last arguments are encoded already: a thousand texts cost the client more than all else about them. */
export class EncodedCommand extends Command {
  readonly #last: EncodedArguments;

  constructor(name: string, first: readonly string[], last: EncodedArguments) {
    super(name, [...first], { replyEncoding: 'utf8' });
    this.#last = last;
  }

  override toWritable(): Buffer {
    const { count, bytes } = this.#last;
    const words = [this.name, ...this.args.map(String)];
    const head = `*${words.length + count}\r\n${words.map(encoded).join('')}`;
    return Buffer.concat([Buffer.from(head), bytes]);
  }
}
