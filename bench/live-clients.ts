import { type ChildProcess, fork } from 'node:child_process';
import { compiledFile } from '../src/embedded/compiled-file.js';
import type { Told } from './live-latencies.js';
import type { SubscribersAnswer, SubscribersQuestion, SubscribersRequest } from './live-subscribers.js';

/** Subscribers in processes of their own, so that reading does not slow down whoever sends. */
export interface LiveClients {
  /** One list a subscriber, in the order of the tokens. */
  told(): Promise<(readonly Told[])[]>;
  stop(): Promise<void>;
}

const PROCESSES = 2;

/** Resolves when every subscriber has its first message. */
export async function startLiveClients({ tokens, ...request }: SubscribersRequest): Promise<LiveClients> {
  const share = Math.ceil(tokens.length / PROCESSES);
  const shares = Array.from({ length: PROCESSES }, (_, place) => tokens.slice(place * share, (place + 1) * share));
  const children = shares.filter((own) => own.length > 0).map((own) => ({ own, child: startChild() }));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(({ child }) => stopChild(child)));
  };
  try {
    await Promise.all(children.map(({ own, child }) => ask(child, { ...request, tokens: own }, 'subscribed')));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    told: async () => {
      const answers = await Promise.all(children.map(({ child }) => ask(child, 'what were you told?', 'told')));
      return answers.flatMap((answer) => (answer.kind === 'told' ? answer.told : []));
    },
    stop,
  };
}

const startChild = (): ChildProcess =>
  fork(compiledFile('bench/live-subscribers.js'), {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

/** Resolves with an answer of the kind; fails where the child says so, or is gone. */
function ask(
  child: ChildProcess,
  question: SubscribersRequest | SubscribersQuestion,
  kind: SubscribersAnswer['kind'],
): Promise<SubscribersAnswer> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the process of the subscribers has ended'));
    child.once('exit', onExit);
    child.on('message', function listen(answer: SubscribersAnswer) {
      if (answer.kind !== kind && answer.kind !== 'failed') return;
      child.off('message', listen);
      child.off('exit', onExit);
      if (answer.kind === 'failed') reject(new Error(answer.reason));
      else resolve(answer);
    });
    child.send(question);
  });
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
